__sb_aliases() { case $__sb_now in *:expand_aliases:*) builtin shopt -s expand_aliases;; esac; };
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
__sb_refuse() { builtin printf '%s' "$1" >|"$__sb_dir/refused"; builtin exit 1; };
