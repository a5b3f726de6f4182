__sb_dir=$1; shift
__sb_flags=e; __sb_request=
# What a new shell has of its own. Each shell quotes in its own way: a line of a value must not be taken for a variable.
case ${BASH_VERSION-} in
    '') __sb_own="/^PPID='[^']*'\$/d; /^OPTIND='[^']*'\$/d";;
    *) __sb_own='/^\(readonly \(-[a-z]* \)\{0,1\}\)\{0,1\}\(BASHOPTS\|BASH_VERSINFO\|EUID\|OPTIND\|PPID\|SHELLOPTS\|UID\)=/d';;
esac
__sb_save() {
    {
        trap
        # From here on nothing interrupts what the shell does last, nor the programs that it asks.
        case $1 in late) trap '' INT TERM;; esac
        command printf 'command cd -- "%s"\n' "$(command pwd | command -p sed 's/["$`\\]/\\&/g')"
        set | command -p sed "/^__sb_[a-z]*=/d; /^LINENO=/d; $__sb_own"
        export -p
        readonly -p | command -p sed "$__sb_own"
        command alias | command -p sed 's/^\(alias \)\{0,1\}/alias /'
        command printf 'umask %s\n__sb_flags=%s\n# whole\n' "$(command umask)" "$__sb_flags"
    } >|"$__sb_dir/$1" 2>/dev/null
}
__sb_end() { case $__sb_request in *q*) ;; *) __sb_save late;; esac; }
__sb_die() { __sb_end; trap - EXIT "$1"; command kill -s "$1" "$$"; }
trap '{ __sb_flags=$-; set +eux; } 2>/dev/null; __sb_end' EXIT
trap '{ __sb_flags=$-; set +eux; } 2>/dev/null; __sb_die INT' INT
trap '{ __sb_flags=$-; set +eux; } 2>/dev/null; __sb_die TERM' TERM
__sb_refuse() { command printf '%s' "$__sb_extra" >|"$__sb_dir/refused"; command exit 1; }
__sb_lost() { command printf '%s\n' 'break or continue outside of a loop' >&2; command exit 1; }
# Read as a whole before aliases of the page are there.
{
if [ -e "$__sb_dir/state" ]; then
    # A bash has variables that cannot be set, which ends it in this mode.
    case ${BASH_VERSION-} in ?*) set +o posix; . "$__sb_dir/state" 2>/dev/null; set -o posix;; *) . "$__sb_dir/state" 2>/dev/null;; esac
fi
__sb_busy=
while case $__sb_busy in 1) __sb_lost;; esac; command read -r __sb_request <"$__sb_dir/in"; do
    __sb_step=${__sb_request%% *}; __sb_request=${__sb_request#* }
    __sb_output=${__sb_request%% *}; __sb_request=${__sb_request#* }
    case $__sb_request in *q*) command exit 0;; esac
    __sb_busy=1
    case $__sb_request in *s*) __sb_save early;; esac
    case $__sb_request in
        *2*) exec >"$__sb_dir/out$__sb_output" 2>"$__sb_dir/err$__sb_output" </dev/null;;
        *) exec >"$__sb_dir/out$__sb_output" 2>&1 </dev/null;;
    esac
    case $__sb_request in *p*) . "$__sb_dir/before$__sb_step" 2>/dev/null || __sb_refuse;; esac
    command printf '%s\n' "$__sb_step" 1<>"$__sb_dir/begun"
    __sb_text=$__sb_dir/text$__sb_step
    case $__sb_flags in
        *x*) { command printf 'set -x;'; command -p cat "$__sb_text"; } >|"$__sb_text.x"; __sb_text=$__sb_text.x;;
    esac
    case $__sb_flags in *u*) set -u;; esac
    case $__sb_request in
        *b*)
            (
                trap - EXIT
                {
                    ( case $__sb_request in *E*) set +e;; *) set -e;; esac; . "$__sb_text" )
                    command printf '%s' "$?" >|"$__sb_dir/end$__sb_output"
                } &
                command printf '%s\n' "$!" >|"$__sb_dir/service"
            )
            __sb_status=0; command read -r __sb_pid <"$__sb_dir/service"; set +eux;;
        *E*)
            . "$__sb_text"
            { __sb_status=$? __sb_now=$-; set +eux; } 2>/dev/null; __sb_pid=0
            case $__sb_flags in *e*) __sb_flags=e$__sb_now;; *) __sb_flags=$__sb_now;; esac;;
        *)
            case $__sb_flags in *e*) set -e;; esac
            . "$__sb_text"
            { __sb_status=$? __sb_flags=$-; set +eux; } 2>/dev/null; __sb_pid=0;;
    esac
    case $__sb_request in *p*) . "$__sb_dir/after$__sb_step";; esac
    __sb_busy=
    exec >/dev/null 2>&1
    command printf '%s %s %s\n' "$__sb_step" "$__sb_status" "$__sb_pid" 1<>"$__sb_dir/reply"
done
__sb_lost
}
