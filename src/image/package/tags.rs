//! Tags of rpm's headers by their names (rpm's `rpmtag.h`, without `RPMTAG_`).

use std::borrow::Cow;

pub(super) const HEADERIMAGE: u32 = 61;
pub(super) const HEADERREGIONS: u32 = 64;
pub(super) const SHA1HEADER: u32 = 269;
pub(super) const SHA256HEADER: u32 = 273;
pub(super) const NAME: u32 = 1000;
pub(super) const VERSION: u32 = 1001;
pub(super) const RELEASE: u32 = 1002;
pub(super) const EPOCH: u32 = 1003;
pub(super) const BUILDTIME: u32 = 1006;
pub(super) const INSTALLTIME: u32 = 1008;
pub(super) const SIZE: u32 = 1009;
pub(super) const VENDOR: u32 = 1011;
pub(super) const LICENSE: u32 = 1014;
pub(super) const ARCH: u32 = 1022;
pub(super) const FILEDIGESTS: u32 = 1035;
pub(super) const SOURCERPM: u32 = 1044;
pub(super) const INSTPREFIXES: u32 = 1099;
pub(super) const DIRINDEXES: u32 = 1116;
pub(super) const BASENAMES: u32 = 1117;
pub(super) const DIRNAMES: u32 = 1118;
pub(super) const INSTALLCOLOR: u32 = 1127;
pub(super) const INSTALLTID: u32 = 1128;
pub(super) const LONGSIZE: u32 = 5009;

/// What an installation writes into the header of a package: when, in which transaction, where to, and for
/// machines of how many bits.
const OF_THE_INSTALLATION: [u32; 4] = [INSTALLTIME, INSTPREFIXES, INSTALLCOLOR, INSTALLTID];

/// What is run when packages come and go.
const SCRIPTLETS: [u32; 12] = [1023, 1024, 1025, 1026, 1065, 1079, 1151, 1152, 5066, 5076, 5103, 5104];

/// Returns whether what a tag says is about an installation and not about the package.
pub fn is_of_installation(tag: u32) -> bool {
    OF_THE_INSTALLATION.contains(&tag)
}

/// Returns whether a tag holds what is run when packages come and go.
pub fn is_scriptlet(tag: u32) -> bool {
    SCRIPTLETS.contains(&tag)
}

/// Returns the name of a tag, or its number where it has none here.
pub fn tag_name(tag: u32) -> Cow<'static, str> {
    match NAMES.binary_search_by_key(&tag, |(number, _)| *number) {
        Ok(place) => Cow::Borrowed(NAMES[place].1),
        Err(_) => Cow::Owned(format!("tag {tag}")),
    }
}

/// What stands in headers of packages that were built in the last twenty years, by the number.
const NAMES: &[(u32, &str)] = &[
    (100, "HEADERI18NTABLE"),
    (257, "SIGSIZE"),
    (259, "SIGPGP"),
    (261, "SIGMD5"),
    (262, "SIGGPG"),
    (266, "PUBKEYS"),
    (267, "DSAHEADER"),
    (268, "RSAHEADER"),
    (269, "SHA1HEADER"),
    (270, "LONGSIGSIZE"),
    (271, "LONGARCHIVESIZE"),
    (273, "SHA256HEADER"),
    (274, "FILESIGNATURES (signature)"),
    (275, "FILESIGNATURELENGTH (signature)"),
    (276, "VERITYSIGNATURES"),
    (277, "VERITYSIGNATUREALGO"),
    (278, "OPENPGP"),
    (279, "SHA3_256HEADER"),
    (1000, "NAME"),
    (1001, "VERSION"),
    (1002, "RELEASE"),
    (1003, "EPOCH"),
    (1004, "SUMMARY"),
    (1005, "DESCRIPTION"),
    (1006, "BUILDTIME"),
    (1007, "BUILDHOST"),
    (1008, "INSTALLTIME"),
    (1009, "SIZE"),
    (1010, "DISTRIBUTION"),
    (1011, "VENDOR"),
    (1014, "LICENSE"),
    (1015, "PACKAGER"),
    (1016, "GROUP"),
    (1018, "SOURCE"),
    (1019, "PATCH"),
    (1020, "URL"),
    (1021, "OS"),
    (1022, "ARCH"),
    (1023, "PREIN"),
    (1024, "POSTIN"),
    (1025, "PREUN"),
    (1026, "POSTUN"),
    (1028, "FILESIZES"),
    (1029, "FILESTATES"),
    (1030, "FILEMODES"),
    (1033, "FILERDEVS"),
    (1034, "FILEMTIMES"),
    (1035, "FILEDIGESTS"),
    (1036, "FILELINKTOS"),
    (1037, "FILEFLAGS"),
    (1039, "FILEUSERNAME"),
    (1040, "FILEGROUPNAME"),
    (1044, "SOURCERPM"),
    (1045, "FILEVERIFYFLAGS"),
    (1046, "ARCHIVESIZE"),
    (1047, "PROVIDENAME"),
    (1048, "REQUIREFLAGS"),
    (1049, "REQUIRENAME"),
    (1050, "REQUIREVERSION"),
    (1051, "NOSOURCE"),
    (1052, "NOPATCH"),
    (1053, "CONFLICTFLAGS"),
    (1054, "CONFLICTNAME"),
    (1055, "CONFLICTVERSION"),
    (1059, "EXCLUDEARCH"),
    (1060, "EXCLUDEOS"),
    (1061, "EXCLUSIVEARCH"),
    (1062, "EXCLUSIVEOS"),
    (1064, "RPMVERSION"),
    (1065, "TRIGGERSCRIPTS"),
    (1066, "TRIGGERNAME"),
    (1067, "TRIGGERVERSION"),
    (1068, "TRIGGERFLAGS"),
    (1069, "TRIGGERINDEX"),
    (1079, "VERIFYSCRIPT"),
    (1080, "CHANGELOGTIME"),
    (1081, "CHANGELOGNAME"),
    (1082, "CHANGELOGTEXT"),
    (1085, "PREINPROG"),
    (1086, "POSTINPROG"),
    (1087, "PREUNPROG"),
    (1088, "POSTUNPROG"),
    (1089, "BUILDARCHS"),
    (1090, "OBSOLETENAME"),
    (1091, "VERIFYSCRIPTPROG"),
    (1092, "TRIGGERSCRIPTPROG"),
    (1094, "COOKIE"),
    (1095, "FILEDEVICES"),
    (1096, "FILEINODES"),
    (1097, "FILELANGS"),
    (1098, "PREFIXES"),
    (1099, "INSTPREFIXES"),
    (1106, "SOURCEPACKAGE"),
    (1112, "PROVIDEFLAGS"),
    (1113, "PROVIDEVERSION"),
    (1114, "OBSOLETEFLAGS"),
    (1115, "OBSOLETEVERSION"),
    (1116, "DIRINDEXES"),
    (1117, "BASENAMES"),
    (1118, "DIRNAMES"),
    (1119, "ORIGDIRINDEXES"),
    (1120, "ORIGBASENAMES"),
    (1121, "ORIGDIRNAMES"),
    (1122, "OPTFLAGS"),
    (1123, "DISTURL"),
    (1124, "PAYLOADFORMAT"),
    (1125, "PAYLOADCOMPRESSOR"),
    (1126, "PAYLOADFLAGS"),
    (1127, "INSTALLCOLOR"),
    (1128, "INSTALLTID"),
    (1129, "REMOVETID"),
    (1132, "PLATFORM"),
    (1140, "FILECOLORS"),
    (1141, "FILECLASS"),
    (1142, "CLASSDICT"),
    (1143, "FILEDEPENDSX"),
    (1144, "FILEDEPENDSN"),
    (1145, "DEPENDSDICT"),
    (1146, "SOURCEPKGID"),
    (1150, "POLICIES"),
    (1151, "PRETRANS"),
    (1152, "POSTTRANS"),
    (1153, "PRETRANSPROG"),
    (1154, "POSTTRANSPROG"),
    (1155, "DISTTAG"),
    (5008, "LONGFILESIZES"),
    (5009, "LONGSIZE"),
    (5010, "FILECAPS"),
    (5011, "FILEDIGESTALGO"),
    (5012, "BUGURL"),
    (5017, "HEADERCOLOR"),
    (5020, "PREINFLAGS"),
    (5021, "POSTINFLAGS"),
    (5022, "PREUNFLAGS"),
    (5023, "POSTUNFLAGS"),
    (5024, "PRETRANSFLAGS"),
    (5025, "POSTTRANSFLAGS"),
    (5026, "VERIFYSCRIPTFLAGS"),
    (5027, "TRIGGERSCRIPTFLAGS"),
    (5030, "POLICYNAMES"),
    (5031, "POLICYTYPES"),
    (5032, "POLICYTYPESINDEXES"),
    (5033, "POLICYFLAGS"),
    (5034, "VCS"),
    (5035, "ORDERNAME"),
    (5036, "ORDERVERSION"),
    (5037, "ORDERFLAGS"),
    (5046, "RECOMMENDNAME"),
    (5047, "RECOMMENDVERSION"),
    (5048, "RECOMMENDFLAGS"),
    (5049, "SUGGESTNAME"),
    (5050, "SUGGESTVERSION"),
    (5051, "SUGGESTFLAGS"),
    (5052, "SUPPLEMENTNAME"),
    (5053, "SUPPLEMENTVERSION"),
    (5054, "SUPPLEMENTFLAGS"),
    (5055, "ENHANCENAME"),
    (5056, "ENHANCEVERSION"),
    (5057, "ENHANCEFLAGS"),
    (5062, "ENCODING"),
    (5066, "FILETRIGGERSCRIPTS"),
    (5067, "FILETRIGGERSCRIPTPROG"),
    (5068, "FILETRIGGERSCRIPTFLAGS"),
    (5069, "FILETRIGGERNAME"),
    (5070, "FILETRIGGERINDEX"),
    (5071, "FILETRIGGERVERSION"),
    (5072, "FILETRIGGERFLAGS"),
    (5076, "TRANSFILETRIGGERSCRIPTS"),
    (5077, "TRANSFILETRIGGERSCRIPTPROG"),
    (5078, "TRANSFILETRIGGERSCRIPTFLAGS"),
    (5079, "TRANSFILETRIGGERNAME"),
    (5080, "TRANSFILETRIGGERINDEX"),
    (5081, "TRANSFILETRIGGERVERSION"),
    (5082, "TRANSFILETRIGGERFLAGS"),
    (5084, "FILETRIGGERPRIORITIES"),
    (5085, "TRANSFILETRIGGERPRIORITIES"),
    (5090, "FILESIGNATURES"),
    (5091, "FILESIGNATURELENGTH"),
    (5092, "PAYLOADDIGEST"),
    (5093, "PAYLOADDIGESTALGO"),
    (5096, "MODULARITYLABEL"),
    (5097, "PAYLOADDIGESTALT"),
    (5099, "SPEC"),
    (5100, "TRANSLATIONURL"),
    (5101, "UPSTREAMRELEASES"),
    (5103, "PREUNTRANS"),
    (5104, "POSTUNTRANS"),
    (5105, "PREUNTRANSPROG"),
    (5106, "POSTUNTRANSPROG"),
    (5107, "PREUNTRANSFLAGS"),
    (5108, "POSTUNTRANSFLAGS"),
    (5109, "SYSUSERS"),
    (5112, "PAYLOADSIZE"),
    (5113, "PAYLOADSIZEALT"),
    (5114, "RPMFORMAT"),
    (5115, "FILEMIMEINDEX"),
    (5116, "MIMEDICT"),
    (5118, "PACKAGEDIGESTS"),
    (5119, "PACKAGEDIGESTALGOS"),
    (5120, "SOURCENEVR"),
    (5121, "PAYLOADSHA512"),
    (5122, "PAYLOADSHA512ALT"),
    (5123, "PAYLOADSHA3_256"),
    (5124, "PAYLOADSHA3_256ALT"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_ordered_and_named_once() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut names: Vec<_> = NAMES.iter().map(|(_, name)| name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
        assert_eq!(tag_name(1006), "BUILDTIME");
        assert_eq!(tag_name(4711), "tag 4711");
        assert!(is_scriptlet(1024) && !is_scriptlet(1000));
    }
}
