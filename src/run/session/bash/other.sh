__sb_aliases;
case $__sb_request in *q*) builtin exit 0;; esac;
__sb_number=${__sb_request[1]} __sb_output=${__sb_request[2]} __sb_text=${__sb_request[3]-};
case $__sb_request in *s*) { builtin trap -p; } >|"$__sb_dir/early.traps"; __sb_save early;; esac;
case $__sb_request in
    *2*) command exec >"$__sb_dir/out$__sb_output" 2>"$__sb_dir/err$__sb_output" </dev/null;;
    *) command exec >"$__sb_dir/out$__sb_output" 2>&1 </dev/null;;
esac;
[[ /dev/fd/1 -ef $__sb_dir/out$__sb_output ]] || __sb_refuse 'the page has made `command` a function';
case $__sb_request in *p*) builtin . "$__sb_dir/before$__sb_number" 2>/dev/null || __sb_refuse "$__sb_extra";; esac;
case $__sb_request in *t*) builtin printf '%s\n' "$__sb_number" 1<>"$__sb_dir/begun";; esac;
case $__sb_flags in *x*) __sb_text="set -x;$__sb_text";; esac;
case $__sb_flags in *u*) builtin set -u;; esac;
case $__sb_flags in *v*) builtin set -v;; esac;
case $__sb_request in
    *b*)
        ( builtin trap - EXIT; ( case $__sb_request in *E*) builtin set +eo pipefail;; *) builtin set -e;; esac; builtin eval "$__sb_text" ); builtin printf '%s' "$?" >|"$__sb_dir/end$__sb_output" ) &
        __sb_status=0; __sb_pid=$!; builtin disown "$!"; builtin set +euxv;;
    *E*)
        builtin set +o pipefail; builtin eval "$__sb_text";
        { __sb_status=$? __sb_now=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0; builtin set -o pipefail;
        case $__sb_flags in *e*) __sb_flags=e$__sb_now;; *) __sb_flags=$__sb_now;; esac;;
    *)
        case $__sb_flags in *e*) builtin set -e;; esac; builtin eval "$__sb_text";
        { __sb_status=$? __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0;;
esac;
case $__sb_request in *p*) builtin . "$__sb_dir/after$__sb_number";; esac;
case $__sb_request in *t*) __sb_keep_exit_trap;; esac
