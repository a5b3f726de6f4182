//! The rules.

use super::model::{Applies, Origin, Rule, Severity};
use super::{base, labels, settings, traces, users, var};

use Applies::{ToAll, ToBootable};
use Origin::{Bootc, Labels, Reproducibility};
use Severity::{Fatal, Warning};

/// Where bootc has its rules.
const LINTS: &str = "https://github.com/bootc-dev/bootc/blob/main/crates/lib/src/lints.rs";
/// What bootc demands of images.
const IMAGES: &str = "https://bootc.dev/bootc/bootc-images.html";
/// What bootc does with the folders of an image.
const FILE_SYSTEM: &str = "https://bootc.dev/bootc/filesystem.html";
/// What systemd asks of those who build images.
const BUILDING: &str = "https://systemd.io/BUILDING_IMAGES/";

/// All rules: those of bootc in its order, then those about labels, then those about what builds leave behind.
pub const RULES: &[Rule] = &[
    Rule {
        id: "var-run",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "`/var/run` is a link, or not there.",
        why: "what programs write to `/var/run` and to `/run` must be one: a folder of its own is always a mistake",
        help: "replace it in the build: `RUN rm -rf /var/run && ln -s ../run /var/run`",
        reference: LINTS,
        check: base::var_run,
    },
    Rule {
        id: "buildah-injected",
        severity: Warning,
        origin: Bootc,
        applies: ToAll,
        demands: "`/etc/hostname` and `/etc/resolv.conf` are no empty files.",
        why: "the builder put them there and left them in the layer; on a machine they are in the way of the real ones",
        help: "build with a newer buildah: a step of the build cannot remove them, since they are mounts as long as it runs",
        reference: LINTS,
        check: base::buildah_injected,
    },
    Rule {
        id: "etc-usretc",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "Of `/etc` and `/usr/etc` one is there.",
        why: "`/usr/etc` is where bootc keeps the image's `/etc` on a machine; in an image with both nobody knows which counts",
        help: "move what is in `/usr/etc` to `/etc` in the build",
        reference: FILE_SYSTEM,
        check: base::etc_usretc,
    },
    Rule {
        id: "bootc-kargs",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "Files of `/usr/lib/bootc/kargs.d` are TOML with `kargs`, and `match-architectures` at most.",
        why: "one file that bootc cannot read stops it, when the image is installed and at each update",
        help: "write `kargs = [\"console=ttyS0\"]`, and nothing else but `match-architectures = [\"x86_64\"]`",
        reference: "https://bootc.dev/bootc/building/kernel-arguments.html",
        check: settings::bootc_kargs,
    },
    Rule {
        id: "kernel",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "At most one folder of `/usr/lib/modules` has a `vmlinuz`.",
        why: "the kernel of the image is the one that is booted: bootc does not choose among several",
        help: "remove the other kernel in the step that installs the new one",
        reference: IMAGES,
        check: base::kernel,
    },
    Rule {
        id: "utf8",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "Names of files and targets of links are UTF-8.",
        why: "other names are refused by ostree, with which bootc keeps images",
        help: "rename or remove it in the build",
        reference: "https://github.com/bootc-dev/bootc/issues/975",
        check: base::utf8,
    },
    Rule {
        id: "api-base-directories",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "`/dev`, `/proc`, `/sys`, `/run`, `/tmp` and `/var` are folders.",
        why: "the system mounts over them before anything else runs, and the root is read-only by then",
        help: "make the folder in the build: `RUN mkdir -p` in a stage without mounts, or in the base image",
        reference: "https://systemd.io/API_FILE_SYSTEMS/",
        check: base::api_base_directories,
    },
    Rule {
        id: "baseimage-composefs",
        severity: Warning,
        origin: Bootc,
        applies: ToBootable,
        demands: "`prepare-root.conf` of ostree enables composefs.",
        why: "without composefs the root is protected by nothing but the permissions of its files",
        help: "write `[composefs]` and `enabled = true` to `/usr/lib/ostree/prepare-root.conf`",
        reference: "https://ostreedev.github.io/ostree/composefs/",
        check: settings::baseimage_composefs,
    },
    Rule {
        id: "baseimage-root",
        severity: Fatal,
        origin: Bootc,
        applies: ToBootable,
        demands: "`/sysroot` is a folder and `/ostree` a link to `sysroot/ostree`.",
        why: "the physical root is mounted at `/sysroot`, and ostree is looked for through the link",
        help: "build on a base image of bootc, or make them: `RUN mkdir /sysroot && ln -s sysroot/ostree /ostree`",
        reference: IMAGES,
        check: base::baseimage_root,
    },
    Rule {
        id: "var-log",
        severity: Warning,
        origin: Bootc,
        applies: ToAll,
        demands: "No file of `/var/log` has content.",
        why: "logs say when and where the image was built: each build is another image, and some of it was not to be told",
        help: "remove them at the end of the step that wrote them: `rm -rf /var/log/*`",
        reference: LINTS,
        check: var::var_log,
    },
    Rule {
        id: "var-tmpfiles",
        severity: Warning,
        origin: Bootc,
        applies: ToBootable,
        demands: "What is in `/var` is made by tmpfiles.d.",
        why: "`/var` of the image is copied when a machine is installed, and never again: updates do not reach it",
        help: "keep `/var` empty, and write a line for what must be there to `/usr/lib/tmpfiles.d`",
        reference: FILE_SYSTEM,
        check: var::var_tmpfiles,
    },
    Rule {
        id: "sysusers",
        severity: Warning,
        origin: Bootc,
        applies: ToBootable,
        demands: "Users and groups of `/etc/passwd` and `/etc/group` are in sysusers.d.",
        why: "a machine that changed its `/etc/passwd` keeps it, and never sees the users that a later image adds",
        help: "write `u NAME - -` or `g NAME -` to a file of `/usr/lib/sysusers.d`",
        reference: "https://bootc.dev/bootc/building/users-and-groups.html",
        check: users::sysusers,
    },
    Rule {
        id: "nonempty-boot",
        severity: Warning,
        origin: Bootc,
        applies: ToBootable,
        demands: "`/boot` is there and empty, but for `EFI`.",
        why: "a partition is mounted over it; bootc takes kernels from `/usr/lib/modules`",
        help: "keep the folder, and empty it in the step that installs the kernel: `mkdir -p /boot && rm -rf /boot/*`",
        reference: IMAGES,
        check: base::nonempty_boot,
    },
    Rule {
        id: "nonempty-run-tmp",
        severity: Warning,
        origin: Bootc,
        applies: ToBootable,
        demands: "`/run` and `/tmp` are empty.",
        why: "memory is mounted over both when the system runs: what is in them was left over by the build",
        help: "remove it at the end of the step, or give the step `--mount=type=tmpfs,target=/run`",
        reference: LINTS,
        check: base::nonempty_run_tmp,
    },
    Rule {
        id: "bootc-label",
        severity: Warning,
        origin: Labels,
        applies: ToBootable,
        demands: "The label `containers.bootc` is `1`.",
        why: "installers and registries tell by it which images a machine can boot",
        help: "write `LABEL containers.bootc=1` into the Containerfile",
        reference: IMAGES,
        check: labels::bootc_label,
    },
    Rule {
        id: "ostree-final-diffid",
        severity: Fatal,
        origin: Labels,
        applies: ToBootable,
        demands: "The label `ostree.final-diffid` names a layer of the image.",
        why: "bootc looks for the layer that it names and refuses the image without it; squashing and cutting anew leave the label of the image before",
        help: "remove the label where the layers are made anew: `buildah config --unsetlabel ostree.final-diffid`",
        reference: "https://github.com/bootc-dev/bootc/blob/main/crates/ostree-ext/src/container/store.rs",
        check: labels::ostree_final_diffid,
    },
    Rule {
        id: "ostree-linux",
        severity: Warning,
        origin: Labels,
        applies: ToBootable,
        demands: "The label `ostree.linux` names the kernel that the image has.",
        why: "tools show it as the kernel of the image without opening a layer",
        help: "set it where the kernel is replaced: `LABEL ostree.linux=VERSION`",
        reference: "https://github.com/bootc-dev/bootc/blob/main/crates/ostree-ext/src/container/encapsulate.rs",
        check: labels::ostree_linux,
    },
    Rule {
        id: "package-cache",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "Caches of package managers are empty.",
        why: "lists and downloads change with the mirror, not with what is installed, and make the image larger",
        help: "clean up in the same step: `dnf clean all`, `rm -rf /var/lib/apt/lists/*`, or a cache mount (`RUN --mount=type=cache`)",
        reference: BUILDING,
        check: traces::package_cache,
    },
    Rule {
        id: "machine-id",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "`/etc/machine-id` is empty, `uninitialized` or not there.",
        why: "each build makes another one, and all machines of the image share it: names in logs and addresses from DHCP collide",
        help: "empty it at the end of the build: `RUN : > /etc/machine-id`",
        reference: BUILDING,
        check: traces::machine_id,
    },
    Rule {
        id: "random-seed",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "Random seeds and the key of systemd's credentials are not there.",
        why: "each build makes another one, and machines that share one are not random to each other",
        help: "remove it at the end of the build; a machine makes its own",
        reference: BUILDING,
        check: traces::random_seed,
    },
    Rule {
        id: "ssh-host-keys",
        severity: Fatal,
        origin: Reproducibility,
        applies: ToAll,
        demands: "There is no private key of an SSH host.",
        why: "whoever can pull the image can pretend to be each of its machines",
        help: "remove `/etc/ssh/ssh_host_*` in the step that installs the server; a machine makes its own",
        reference: "https://man.openbsd.org/sshd.8",
        check: traces::ssh_host_keys,
    },
    Rule {
        id: "volatile-state",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "There is no file that holds inode numbers, counters or the log of an open database.",
        why: "it is another one after each build of the same input, and is made anew where it is missing",
        help: "remove it at the end of the step that made it",
        reference: "https://reproducible-builds.org/docs/system-images/",
        check: traces::volatile_state,
    },
    Rule {
        id: "time-after-creation",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "No file was changed after the moment at which the config says that the image was made.",
        why: "the moment was given to the builder (SOURCE_DATE_EPOCH) and the files kept theirs: each build makes other layers",
        help: "build with `--rewrite-timestamp` (buildah 1.41 or newer) or `--timestamp`",
        reference: "https://reproducible-builds.org/docs/source-date-epoch/",
        check: traces::time_after_creation,
    },
    Rule {
        id: "stale-bytecode",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "Python's bytecode, of which each package's `__init__` is looked at, names the time of its source.",
        why: "Python compiles anew at each start what names another time, and what names a time of the build is another file after each",
        help: "compile by hashes: `python3 -m compileall --invalidation-mode unchecked-hash DIR`, or set SOURCE_DATE_EPOCH for the step",
        reference: "https://peps.python.org/pep-0552/",
        check: traces::stale_bytecode,
    },
    Rule {
        id: "selinux-label",
        severity: Warning,
        origin: Reproducibility,
        applies: ToAll,
        demands: "Layers give no file a label of SELinux (`security.selinux`).",
        why: "labels come from the machine that built the image; bootc sets them by the policy of the image and does not support others",
        help: "build where labels are not copied into layers, or pack the image anew without extended attributes of that name",
        reference: IMAGES,
        check: traces::selinux_label,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn rules_have_names_of_their_own_and_say_why() {
        let ids: BTreeSet<_> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids.len(), RULES.len());
        for rule in RULES {
            assert!(rule.demands.ends_with('.') && rule.reference.starts_with("https://"), "{}", rule.id);
            assert!(!rule.why.ends_with('.') && !rule.help.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn bootc_has_fourteen_rules_of_which_seven_are_fatal() {
        let of_bootc = || RULES.iter().filter(|rule| rule.origin == Bootc);
        assert_eq!(of_bootc().count(), 14);
        assert_eq!(of_bootc().filter(|rule| rule.severity == Fatal).count(), 7);
    }
}
