{
    builtin compgen -e >|"$__sb_dir/names"; builtin mapfile -t __sb_names <"$__sb_dir/names"; builtin unset -v "${__sb_names[@]}";
    builtin . "$__sb_dir/state"; builtin set +euxv;
    __sb_text=:$BASHOPTS:; builtin shopt -s extglob; builtin shopt -u expand_aliases;
    builtin . "$__sb_dir/state.functions";
    case $__sb_text in *:extglob:*) ;; *) builtin shopt -u extglob;; esac;
    case $__sb_text in *:expand_aliases:*) builtin shopt -s expand_aliases;; esac;
    builtin . "$__sb_dir/state.traps";
} 2>/dev/null
