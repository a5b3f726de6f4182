//! The variants of a tutorial, by GitHub's rules for `include` and `exclude`.

use std::collections::{BTreeMap, BTreeSet};

use super::inputs::Inputs;
use super::values::{self, Given};
use crate::diagnostic::{Finding, Place};
use crate::tutorial::{FrontMatter, Value};

/// Most variants of one tutorial: more are a mistake in the lists, and would take all memory to say so.
const MOST: usize = 10_000;

/// One combination of a matrix: values by name, in the order of the page.
pub(super) type Variant = Vec<(String, Value)>;

/// Returns the variant's name: `base=debian,arch=x86_64`; `None` where there is no matrix.
pub(super) fn name(variant: &Variant) -> Option<String> {
    let parts: Vec<String> = variant.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (!parts.is_empty()).then(|| parts.join(","))
}

/// Returns the variants of a tutorial that a caller did not rule out; one without values where there is no matrix.
pub(super) fn variants(front: &FrontMatter, inputs: &Inputs, findings: &mut Vec<Finding>) -> Vec<Variant> {
    let matrix = &front.matrix;
    if matrix.axes.is_empty() && matrix.include.is_empty() {
        return vec![Variant::new()];
    }
    // A table that is not there is a finding of the page already.
    if matrix.axes.iter().any(|(_, values)| values.is_empty()) {
        return Vec::new();
    }
    let combinations = matrix.axes.iter().try_fold(1, |count: usize, (_, values)| {
        count.checked_mul(values.len()).filter(|count| *count <= MOST)
    });
    if combinations.is_none() {
        findings.push(too_many(front));
        return Vec::new();
    }
    let mut variants = combine(&matrix.axes, &matrix.include, &matrix.exclude);
    if variants.len() > MOST {
        findings.push(too_many(front));
        return Vec::new();
    }
    if variants.is_empty() {
        findings.push(at_matrix(
            front,
            Finding::error("empty-matrix", "the matrix has no variant")
                .help("`exclude` leaves none: give the lists more values"),
        ));
    }
    for variant in &mut variants {
        set_types(front, variant, findings);
    }
    restrict(front, inputs, variants, findings)
}

/// Returns the product of the axes, without what `exclude` matches, with what `include` adds.
fn combine(
    axes: &[(String, Vec<Value>)],
    include: &[BTreeMap<String, Value>],
    exclude: &[BTreeMap<String, Value>],
) -> Vec<Variant> {
    let mut variants = product(axes);
    variants.retain(|variant| !exclude.iter().any(|part| contains(variant, part)));
    let originals = variants.clone();
    for part in include {
        let mut fitted = false;
        for (variant, original) in variants.iter_mut().zip(&originals) {
            if fits(original, part) {
                fitted = true;
                extend(variant, part);
            }
        }
        if !fitted {
            variants.push(ordered(axes, part));
        }
    }
    let mut seen = BTreeSet::new();
    // The text `1` and the number have one name, and one record.
    variants.retain(|variant| seen.insert(name(variant)));
    variants
}

fn product(axes: &[(String, Vec<Value>)]) -> Vec<Variant> {
    if axes.is_empty() {
        return Vec::new();
    }
    axes.iter().fold(vec![Variant::new()], |variants, (name, values)| {
        let with = |variant: &Variant, value: &Value| {
            let added = (name.clone(), value.clone());
            variant.iter().cloned().chain([added]).collect()
        };
        variants.iter().flat_map(|variant| values.iter().map(move |value| with(variant, value))).collect()
    })
}

fn value<'a>(variant: &'a Variant, name: &str) -> Option<&'a Value> {
    variant.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn contains(variant: &Variant, part: &BTreeMap<String, Value>) -> bool {
    part.iter().all(|(name, wanted)| value(variant, name) == Some(wanted))
}

/// Whether a part adds to a combination without changing a value of the axes.
fn fits(original: &Variant, part: &BTreeMap<String, Value>) -> bool {
    part.iter().all(|(name, wanted)| value(original, name).is_none_or(|value| value == wanted))
}

fn extend(variant: &mut Variant, part: &BTreeMap<String, Value>) {
    for (name, value) in part {
        match variant.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.clone(),
            None => variant.push((name.clone(), value.clone())),
        }
    }
}

/// Returns a part as a variant of its own: first the axes, in their order.
fn ordered(axes: &[(String, Vec<Value>)], part: &BTreeMap<String, Value>) -> Variant {
    let position = |name: &str| axes.iter().position(|(axis, _)| axis == name).unwrap_or(axes.len());
    let mut variant: Variant = part.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    variant.sort_by_key(|(name, _)| position(name));
    variant
}

/// Gives values the type of the parameter of the same name.
fn set_types(front: &FrontMatter, variant: &mut Variant, findings: &mut Vec<Finding>) {
    for (name, value) in variant {
        let Some(parameter) = front.parameters.iter().find(|parameter| parameter.name == *name) else {
            continue;
        };
        match values::typed(parameter, &Given::Typed(value)) {
            Ok(typed) => *value = typed,
            Err(finding) if findings.iter().any(|known| known.message == finding.message) => {}
            Err(finding) => findings.push(*finding),
        }
    }
}

/// Keeps the variants that have the values that a caller gives.
fn restrict(
    front: &FrontMatter,
    inputs: &Inputs,
    variants: Vec<Variant>,
    findings: &mut Vec<Finding>,
) -> Vec<Variant> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in variants.iter().flatten() {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    let mut kept = variants;
    for name in names {
        let Some(given) = values::given(&name, inputs) else { continue };
        let wanted = values::shown(&given);
        // A variant without the name takes the value as an ordinary parameter, where it is declared as one.
        let declared = front.parameters.iter().any(|parameter| parameter.name == name);
        let matching =
            |variant: &Variant| value(variant, &name).map_or(declared, |value| value.to_string() == wanted);
        let before = std::mem::take(&mut kept);
        kept = before.iter().filter(|variant| matching(variant)).cloned().collect();
        if kept.is_empty() && !before.is_empty() {
            findings.push(no_variant(front, &name, &wanted, &before));
        }
    }
    kept
}

fn no_variant(front: &FrontMatter, name: &str, wanted: &str, variants: &[Variant]) -> Finding {
    let mut known: Vec<String> =
        variants.iter().filter_map(|variant| value(variant, name)).map(Value::to_string).collect();
    known.dedup();
    let near = crate::diagnostic::nearest(wanted, known.iter().map(String::as_str));
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let help = format!("{near}the matrix has `{}`", known.join("`, `"));
    let message = format!("no variant has `{name}={wanted}`");
    at_matrix(front, Finding::error("no-such-variant", message).help(help))
}

fn too_many(front: &FrontMatter) -> Finding {
    let message = format!("the matrix has more than {MOST} variants");
    let help = "give its lists fewer values, or divide the page";
    at_matrix(front, Finding::error("too-many-variants", message).help(help))
}

fn at_matrix(front: &FrontMatter, finding: Finding) -> Finding {
    match matrix_place(front) {
        Some(place) => finding.at(place),
        None => finding,
    }
}

fn matrix_place(front: &FrontMatter) -> Option<Place> {
    front.places.get("matrix").or(front.place.as_ref()).cloned()
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use crate::plan::testing::{flags, lines, page, parameter, part, plans, text};
    use crate::tutorial::{ParameterKind, Value};

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    #[track_caller]
    fn check(
        axes: &[(&str, &[&str])],
        include: &[Pairs<'_>],
        exclude: &[Pairs<'_>],
        given: Pairs<'_>,
        expected: Expect,
    ) {
        let mut page = page(Vec::new());
        let axis = |(name, values): &(&str, &[&str])| {
            ((*name).to_owned(), values.iter().map(|value| text(value)).collect())
        };
        page.front_matter.matrix.axes = axes.iter().map(axis).collect();
        page.front_matter.matrix.include = include.iter().map(|pairs| part(pairs)).collect();
        page.front_matter.matrix.exclude = exclude.iter().map(|pairs| part(pairs)).collect();
        let shown = match plans(page, &flags(given)) {
            Ok(plans) => plans.iter().map(|plan| format!("{}\n", plan.key)).collect(),
            Err(findings) => lines(&findings),
        };
        expected.assert_eq(&shown);
    }

    const TWO: &[(&str, &[&str])] = &[("base", &["debian", "fedora"]), ("arch", &["x86_64", "arm"])];

    #[test]
    fn axes_are_multiplied_in_page_order() {
        check(
            &[],
            &[],
            &[],
            &[],
            expect![[r#"
            a.md
        "#]],
        );
        check(
            TWO,
            &[],
            &[],
            &[],
            expect![[r#"
            a.md [base=debian,arch=x86_64]
            a.md [base=debian,arch=arm]
            a.md [base=fedora,arch=x86_64]
            a.md [base=fedora,arch=arm]
        "#]],
        );
    }

    #[test]
    fn too_many_variants_are_refused_before_they_are_made() {
        let ten: &[&str] = &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        let names: Vec<String> = (0..40).map(|axis| format!("a{axis}")).collect();
        let axes: Vec<(&str, &[&str])> = names.iter().map(|name| (name.as_str(), ten)).collect();
        let refused = || {
            expect![[r#"
                too-many-variants: the matrix has more than 10000 variants; give its lists fewer values, or divide the page
            "#]]
        };
        check(&axes[..5], &[], &[], &[], refused());
        check(&axes, &[], &[], &[], refused());
        let more: Vec<String> = (0..10_001).map(|number| number.to_string()).collect();
        let parts: Vec<[(&str, &str); 1]> = more.iter().map(|value| [("a", value.as_str())]).collect();
        check(&[], &parts.iter().map(|part| &part[..]).collect::<Vec<_>>(), &[], &[], refused());
    }

    #[test]
    fn variants_of_one_name_are_one() {
        let mut page = page(Vec::new());
        page.front_matter.matrix.axes = vec![("a".to_owned(), vec![Value::Boolean(true), text("true")])];
        assert_eq!(plans(page, &flags(&[])).unwrap().len(), 1);
    }

    #[test]
    fn exclude_takes_out_what_contains_it() {
        check(
            TWO,
            &[],
            &[&[("arch", "arm"), ("base", "fedora")]],
            &[],
            expect![[r#"
            a.md [base=debian,arch=x86_64]
            a.md [base=debian,arch=arm]
            a.md [base=fedora,arch=x86_64]
        "#]],
        );
        check(
            TWO,
            &[],
            &[&[("arch", "arm")]],
            &[],
            expect![[r#"
            a.md [base=debian,arch=x86_64]
            a.md [base=fedora,arch=x86_64]
        "#]],
        );
        check(
            TWO,
            &[],
            &[&[]],
            &[],
            expect![[r#"
                empty-matrix: the matrix has no variant; `exclude` leaves none: give the lists more values
            "#]],
        );
    }

    #[test]
    fn include_follows_the_example_of_github() {
        let axes: &[(&str, &[&str])] = &[("fruit", &["apple", "pear"]), ("animal", &["cat", "dog"])];
        let include: &[Pairs<'_>] = &[
            &[("color", "green")],
            &[("color", "pink"), ("animal", "cat")],
            &[("fruit", "apple"), ("shape", "circle")],
            &[("fruit", "banana")],
            &[("fruit", "banana"), ("animal", "cat")],
        ];
        check(
            axes,
            include,
            &[],
            &[],
            expect![[r#"
            a.md [fruit=apple,animal=cat,color=pink,shape=circle]
            a.md [fruit=apple,animal=dog,color=green,shape=circle]
            a.md [fruit=pear,animal=cat,color=pink]
            a.md [fruit=pear,animal=dog,color=green]
            a.md [fruit=banana]
            a.md [fruit=banana,animal=cat]
        "#]],
        );
        check(
            &[],
            &[&[("base", "a")], &[("base", "b")]],
            &[],
            &[],
            expect![[r#"
            a.md [base=a]
            a.md [base=b]
        "#]],
        );
    }

    #[test]
    fn given_values_restrict_the_matrix() {
        check(
            TWO,
            &[],
            &[],
            &[("base", "fedora")],
            expect![[r#"
            a.md [base=fedora,arch=x86_64]
            a.md [base=fedora,arch=arm]
        "#]],
        );
        check(
            TWO,
            &[],
            &[],
            &[("base", "fedora"), ("arch", "arm")],
            expect![[r#"
            a.md [base=fedora,arch=arm]
        "#]],
        );
        check(
            TWO,
            &[],
            &[],
            &[("base", "fedoar")],
            expect![[r#"
            no-such-variant: no variant has `base=fedoar`; did you mean `fedora`? the matrix has `debian`, `fedora`
        "#]],
        );
    }

    #[test]
    fn declared_parameters_that_only_some_variants_set_can_be_given() {
        let mut page = page(Vec::new());
        page.front_matter.parameters = vec![parameter("color", ParameterKind::String, Some(text("red")))];
        page.front_matter.matrix.include =
            vec![part(&[("base", "a")]), part(&[("base", "b"), ("color", "x")])];
        let plans = plans(page, &flags(&[("color", "blue")])).unwrap();
        assert_eq!(plans.len(), 1);
        assert_eq!(plans[0].parameters, part(&[("base", "a"), ("color", "blue")]));
    }
}
