__sb_dir=$1; shift
__sb_flags=e; __sb_request=; builtin setopt pipe_fail
__sb_save() {
    {
        builtin trap
        # From here on nothing interrupts what the shell does last.
        case $1 in late) builtin trap '' INT TERM;; esac
        builtin print -r -- "builtin cd -- ${(q)PWD}"
        builtin typeset -p
        builtin functions
        builtin alias -L
        builtin setopt | while builtin read -r __sb_option; do builtin print -r -- "builtin setopt $__sb_option"; done
        builtin print -r -- "builtin umask $(builtin umask)"
        builtin print -r -- '# whole'
    } >|"$__sb_dir/$1" 2>/dev/null
}
__sb_end() { case $__sb_request in *q*) ;; *) __sb_save late; builtin trap - INT TERM;; esac }
__sb_die() { __sb_end; builtin trap - $1; builtin kill -s $1 $$ }
zshexit() { { __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_end }
builtin trap '{ __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_die INT' INT
builtin trap '{ __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_die TERM' TERM
__sb_refuse() { builtin print -rn -- "$__sb_extra" >|"$__sb_dir/refused"; builtin exit 1 }
__sb_lost() { builtin print -r -- 'break or continue outside of a loop' >&2; builtin exit 1; }
# Read as a whole before aliases of the page are there.
{
if [[ -e $__sb_dir/state ]]; then builtin . "$__sb_dir/state" 2>/dev/null; builtin set +euxv; fi
__sb_busy=
while case $__sb_busy in 1) __sb_lost;; esac; builtin read -r __sb_request <"$__sb_dir/in"; do
    __sb_step=${__sb_request%% *}; __sb_request=${__sb_request#* }
    __sb_output=${__sb_request%% *}; __sb_request=${__sb_request#* }
    case $__sb_request in *q*) builtin exit 0;; esac
    __sb_busy=1
    case $__sb_request in *s*) __sb_save early;; esac
    __sb_text=$(<"$__sb_dir/text")
    case $__sb_request in
        *2*) builtin exec >"$__sb_dir/out$__sb_output" 2>"$__sb_dir/err$__sb_output" </dev/null;;
        *) builtin exec >"$__sb_dir/out$__sb_output" 2>&1 </dev/null;;
    esac
    case $__sb_request in *p*) builtin . "$__sb_dir/before$__sb_step" 2>/dev/null || __sb_refuse;; esac
    builtin print -r -- "$__sb_step" 1<>"$__sb_dir/begun"
    case $__sb_flags in *x*) __sb_text="set -x;$__sb_text";; esac
    case $__sb_flags in *u*) builtin set -u;; esac
    case $__sb_request in
        *b*)
            ( zshexit() { : }; ( case $__sb_request in *E*) builtin set +e;; *) builtin set -e;; esac; builtin eval "$__sb_text" ); builtin print -rn -- "$?" >|"$__sb_dir/end$__sb_output" ) &!
            __sb_status=0; __sb_pid=$!; builtin set +euxv;;
        *E*)
            builtin unsetopt pipe_fail; builtin eval "$__sb_text"
            { __sb_status=$? __sb_now=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0; builtin setopt pipe_fail
            case $__sb_flags in *e*) __sb_flags=e$__sb_now;; *) __sb_flags=$__sb_now;; esac;;
        *)
            case $__sb_flags in *e*) builtin set -e;; esac; builtin eval "$__sb_text"
            { __sb_status=$? __sb_flags=$-; builtin set +euxv; } 2>/dev/null; __sb_pid=0;;
    esac
    case $__sb_request in *p*) builtin . "$__sb_dir/after$__sb_step";; esac
    __sb_busy=
    builtin exec >/dev/null 2>&1
    builtin print -r -- "$__sb_step $__sb_status $__sb_pid" 1<>"$__sb_dir/reply"
done
__sb_lost
}
