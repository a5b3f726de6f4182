__sb_dir=$1; shift;
__sb_flags=e; builtin set -o pipefail;
__sb_save() {
    case ${#FUNCNAME[@]} in 1|2) ;; *) __sb_unshadow 2>/dev/null;; esac;
    { builtin declare -f; builtin declare -Fx; } >|"$__sb_dir/$1.functions" 2>/dev/null;
    {
        builtin printf 'builtin cd -- %q\n' "$PWD";
        builtin declare -p;
        builtin alias -p;
        builtin shopt -p;
        builtin set +o;
        builtin umask -p;
        builtin printf '# whole\n';
    } >|"$__sb_dir/$1" 2>/dev/null;
};
__sb_unshadow() {
    builtin compgen -v >|"$__sb_dir/names";
    builtin mapfile -t __sb_names <"$__sb_dir/names";
    for __sb_name in "${__sb_names[@]}"; do
        if [[ $__sb_name == __sb_* || -R $__sb_name ]]; then builtin continue; fi;
        builtin declare -gt -- "$__sb_name";
        builtin declare -n __sb_shown=$__sb_name;
        until [[ ${__sb_shown@a} == *t* ]]; do builtin unset -v "$__sb_name" || builtin break; done;
        builtin unset -n __sb_shown;
        builtin declare -g +t -- "$__sb_name";
    done;
};
__sb_end() {
    case $__sb_request in *q*) ;; *) __sb_save late;; esac;
    case $__sb_exit in '') ;; *) builtin eval "builtin set -- $__sb_exit"; builtin eval "$3";; esac;
};
__sb_keep_exit_trap() {
    builtin trap -p EXIT >|"$__sb_dir/trap";
    builtin mapfile -d '' __sb_trap <"$__sb_dir/trap";
    case ${__sb_trap-} in *__sb_end*) ;; *) __sb_exit=${__sb_trap-}; __sb_set_trap;; esac;
};
__sb_set_trap() { builtin trap '{ __sb_flags=$-; builtin set +euxv; } 2>/dev/null; case $__sb_request in *q*) ;; *) { builtin trap -p; } >|"$__sb_dir/late.traps" 2>/dev/null;; esac; __sb_end' EXIT; };
__sb_set_trap;
if [ -e "$__sb_dir/state" ]; then
    builtin compgen -e >|"$__sb_dir/names"; builtin mapfile -t __sb_names <"$__sb_dir/names"; builtin unset -v "${__sb_names[@]}";
    builtin . "$__sb_dir/state"; builtin set +euxv;
    __sb_text=:$BASHOPTS:; builtin shopt -s extglob; builtin shopt -u expand_aliases;
    builtin . "$__sb_dir/state.functions";
    case $__sb_text in *:extglob:*) ;; *) builtin shopt -u extglob;; esac;
    case $__sb_text in *:expand_aliases:*) builtin shopt -s expand_aliases;; esac;
    builtin . "$__sb_dir/state.traps";
fi 2>/dev/null;
__sb_exit=; __sb_request=;
__sb_lost() { builtin printf '%s\n' 'break or continue outside of a loop' >&2; builtin exit 1; };
__sb_refuse() { builtin printf '%s' "$__sb_extra" >|"$__sb_dir/refused"; builtin exit 1; };
__sb_busy=;
while case $__sb_busy in 1) __sb_lost;; esac; case ${TMOUT-} in '') builtin read -r __sb_request;; *) builtin read -r -t 2000000000 __sb_request;; esac <"$__sb_dir/in"; do
    __sb_step=${__sb_request%% *}; __sb_request=${__sb_request#* };
    __sb_output=${__sb_request%% *}; __sb_request=${__sb_request#* };
    case $__sb_request in *q*) builtin exit 0;; esac;
    __sb_busy=1;
    case $__sb_request in *s*) { builtin trap -p; } >|"$__sb_dir/early.traps"; __sb_save early;; esac;
    builtin mapfile -d '' __sb_text <"$__sb_dir/text";
    case $__sb_request in
        *2*) command exec >"$__sb_dir/out$__sb_output" 2>"$__sb_dir/err$__sb_output" </dev/null;;
        *) command exec >"$__sb_dir/out$__sb_output" 2>&1 </dev/null;;
    esac;
    __sb_extra='the page has made `command` a function'; [[ /dev/fd/1 -ef $__sb_dir/out$__sb_output ]] || __sb_refuse;
    case $__sb_request in *p*) builtin . "$__sb_dir/before$__sb_step" 2>/dev/null || __sb_refuse;; esac;
    case $__sb_request in *t*) builtin printf '%s\n' "$__sb_step" 1<>"$__sb_dir/begun";; esac;
    case $__sb_flags in *x*) __sb_text="set -x;${__sb_text-}";; esac;
    case $__sb_flags in *u*) builtin set -u;; esac;
    case $__sb_flags in *v*) builtin set -v;; esac;
    case $__sb_request in
        *b*)
            ( builtin trap - EXIT; ( case $__sb_request in *E*) builtin set +eo pipefail;; *) builtin set -e;; esac; builtin eval "${__sb_text-}" ); builtin printf '%s' "$?" >|"$__sb_dir/end$__sb_output" ) &
            __sb_status=0; __sb_pid=$!; builtin disown "$!"; builtin set +euxv;;
        *E*)
            builtin set +o pipefail; builtin eval "${__sb_text-}";
            { __sb_status=$? __sb_now=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0; builtin set -o pipefail;
            case $__sb_flags in *e*) __sb_flags=e$__sb_now;; *) __sb_flags=$__sb_now;; esac;;
        *)
            case $__sb_flags in *e*) builtin set -e;; esac; builtin eval "${__sb_text-}";
            { __sb_status=$? __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0;;
    esac;
    case $__sb_request in *p*) builtin . "$__sb_dir/after$__sb_step";; esac;
    case $__sb_request in *t*) __sb_keep_exit_trap;; esac;
    __sb_busy=;
    command exec >/dev/null 2>&1;
    builtin printf '%s %s %s\n' "$__sb_step" "$__sb_status" "$__sb_pid" 1<>"$__sb_dir/reply";
done;
__sb_lost
