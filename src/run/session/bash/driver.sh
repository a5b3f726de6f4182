__sb_dir=$1; builtin set -o pipefail; case $4 in ?*) builtin eval "$4";; esac;
__sb_more=$2 __sb_other=$3 __sb_flags=${__sb_flags-e} __sb_known= __sb_exit= __sb_request= __sb_busy=; shift 4;
__sb_learn() {
    __sb_now=:$BASHOPTS:; builtin shopt -u expand_aliases;
    case $__sb_known in '') __sb_known=1; builtin eval "$__sb_more";; esac;
};
__sb_set_trap() { builtin trap '{ __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_learn; __sb_aliases; case $__sb_request in *q*) ;; *) { builtin trap -p; } >|"$__sb_dir/late.traps" 2>/dev/null;; esac; __sb_end' EXIT; };
__sb_set_trap;
while case $__sb_busy in '') builtin mapfile -n 4 -d '' __sb_request <"$__sb_dir/in";; *) builtin false;; esac; do
    __sb_busy=1;
    case $__sb_request in
        '') builtin exit 1;;
        *f) builtin mapfile -O 3 -d '' __sb_request <"$__sb_dir/text" || builtin exit 1;;
    esac;
    case $__sb_request:$__sb_flags in
        -:*[uvx]*|-f:*[uvx]*) __sb_learn; builtin eval "$__sb_other";;
        -:*e*|-f:*e*)
            command exec >"$__sb_dir/out1" 2>&1 </dev/null;
            builtin set -e; builtin eval "${__sb_request[3]-}";
            { __sb_status=$? __sb_flags=$- __sb_pid=0; case $__sb_flags in *[uvx]*) builtin set +euvx;; *) builtin set +e;; esac; } 2>/dev/null;;
        *) __sb_learn; builtin eval "$__sb_other";;
    esac;
    __sb_busy=;
    command exec >/dev/null 2>&1;
    builtin echo "${__sb_request[1]} $__sb_status $__sb_pid" 1<>"$__sb_dir/reply";
done;
builtin printf '%s\n' 'break or continue outside of a loop' >&2; builtin exit 1
