//! Plans, without a server.

use bson::{Document, doc};

use super::*;

fn one(kind: &str, name: &str, options: Document) -> CollectionSpecification {
    let listed = doc! { "name": name, "type": kind, "options": options };
    bson::deserialize_from_document(listed).unwrap()
}

fn collection(name: &str) -> CollectionSpecification {
    one("collection", name, doc! {})
}

fn view(name: &str, on: &str, pipeline: Vec<Document>) -> CollectionSpecification {
    one("view", name, doc! { "viewOn": on, "pipeline": pipeline })
}

fn plan(
    source: Vec<CollectionSpecification>,
    target: &[CollectionSpecification],
    existing: ExistingTarget,
) -> Result<Plan> {
    Plan::new(("from", "to"), source, target, existing, &Filter::default())
}

fn names(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.name.as_str()).collect()
}

fn kind(plan: Result<Plan>) -> Kind {
    plan.unwrap_err().kind()
}

#[test]
fn collections_come_with_their_options_and_the_servers_own_are_left_out() {
    let options = doc! { "capped": true, "size": 4096, "uuid": "x", "validator": { "a": 1 } };
    let source = vec![
        one("collection", "b", options),
        one("timeseries", "a", doc! { "timeseries": { "timeField": "t" } }),
        collection("system.views"),
        collection("system.js"),
        collection("system.buckets.a"),
    ];
    let plan = plan(source, &[], ExistingTarget::Refuse).unwrap();
    assert_eq!(names(&plan.collections), ["a", "b", "system.js"]);
    assert_eq!(plan.skipped, ["system.buckets.a", "system.views"]);
    let (series, capped) = (&plan.collections[0], &plan.collections[1]);
    assert!(series.is_timeseries && !series.is_validated && !series.exists);
    assert!(capped.is_validated && !capped.is_timeseries);
    let options = Document::try_from(&capped.options).unwrap();
    assert_eq!(options, doc! { "capped": true, "size": 4096, "validator": { "a": 1 } });
}

#[test]
fn what_is_listed_changes_nothing_of_the_command() {
    let hostile =
        doc! { "$db": "admin", "create": "x", "lsid": {}, "writeConcern": { "w": 0 }, "capped": true };
    let plan = plan(vec![one("collection", "a", hostile)], &[], ExistingTarget::Refuse).unwrap();
    assert_eq!(Document::try_from(&plan.collections[0].options).unwrap(), doc! { "capped": true });
}

#[test]
fn a_time_series_is_made_by_its_granularity_or_its_spans() {
    let series = |name: &str, options: Document| one("timeseries", name, doc! { "timeseries": options });
    let spans = doc! { "timeField": "t", "bucketMaxSpanSeconds": 60, "bucketRoundingSeconds": 60 };
    let mut both = spans.clone();
    both.insert("granularity", "minutes");
    let plan =
        plan(vec![series("a", both), series("b", spans.clone())], &[], ExistingTarget::Refuse).unwrap();
    let options: Vec<Document> =
        plan.collections.iter().map(|item| Document::try_from(&item.options).unwrap()).collect();
    let by_granularity = doc! { "timeField": "t", "granularity": "minutes" };
    assert_eq!(options, [doc! { "timeseries": by_granularity }, doc! { "timeseries": spans }]);
}

#[test]
fn views_come_behind_what_they_are_views_of() {
    let joins = doc! { "$lookup": { "from": "z", "as": "z", "pipeline": [{ "$unionWith": "y" }] } };
    let unites = doc! { "$facet": { "x": [{ "$unionWith": { "coll": "x", "pipeline": [] } }] } };
    let source = vec![
        view("a", "b", vec![]),
        view("b", "rooms", vec![joins]),
        view("y", "rooms", vec![unites]),
        view("z", "rooms", vec![]),
        view("x", "rooms", vec![]),
    ];
    let plan = plan(source, &[], ExistingTarget::Refuse).unwrap();
    let order = names(&plan.views);
    let place = |name: &str| order.iter().position(|other| *other == name).unwrap();
    assert_eq!(order.len(), 5);
    assert!(place("b") < place("a") && place("z") < place("b"), "{order:?}");
    assert!(place("y") < place("b") && place("x") < place("y"), "{order:?}");
}

#[test]
fn a_cycle_of_views_ends() {
    let source = vec![view("a", "b", vec![]), view("b", "a", vec![]), view("c", "c", vec![])];
    let plan = plan(source, &[], ExistingTarget::Refuse).unwrap();
    assert_eq!(plan.views.len(), 3);
}

#[test]
fn an_existing_target_is_refused_unless_it_is_dropped_or_merged_into() {
    let target = [collection("a"), collection("other")];
    let source = || vec![collection("a"), collection("b")];
    assert_eq!(kind(plan(source(), &target, ExistingTarget::Refuse)), Kind::AlreadyExists);
    let dropped = plan(source(), &target, ExistingTarget::Drop).unwrap();
    assert!(dropped.collections.iter().all(|item| !item.exists));
    let merged = plan(source(), &target, ExistingTarget::Merge).unwrap();
    let exists: Vec<bool> = merged.collections.iter().map(|item| item.exists).collect();
    assert_eq!(exists, [true, false]);
}

#[test]
fn only_like_is_merged_into_like() {
    let merge = |source, target| plan(vec![source], &[target], ExistingTarget::Merge);
    assert_eq!(kind(merge(collection("a"), view("a", "b", vec![]))), Kind::AlreadyExists);
    assert_eq!(kind(merge(view("a", "b", vec![]), view("a", "c", vec![]))), Kind::AlreadyExists);
    let same = merge(view("a", "b", vec![]), view("a", "b", vec![])).unwrap();
    assert!(same.views.is_empty());
}

#[test]
fn names_choose_what_is_copied() {
    let source = || vec![collection("a"), collection("b"), view("v", "a", vec![])];
    let filtered = |include: Option<&[&str]>, exclude: &[&str]| {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        let filter = Filter { include: include.map(set), exclude: set(exclude) };
        Plan::new(("from", "to"), source(), &[], ExistingTarget::Refuse, &filter)
    };
    let some = filtered(Some(&["a", "v"]), &["a"]).unwrap();
    assert_eq!((names(&some.collections), names(&some.views)), (vec![], vec!["v"]));
    let others = filtered(None, &["b", "unknown"]).unwrap();
    assert_eq!((names(&others.collections), names(&others.views)), (vec!["a"], vec!["v"]));
    assert_eq!(kind(filtered(Some(&["a", "typo"]), &[])), Kind::InvalidArgument);
}

#[test]
fn an_empty_source_and_an_unknown_kind_are_refused() {
    assert_eq!(kind(plan(vec![], &[], ExistingTarget::Drop)), Kind::InvalidArgument);
    assert_eq!(kind(plan(vec![one("heap", "a", doc! {})], &[], ExistingTarget::Drop)), Kind::Unsupported);
}

#[test]
fn what_is_no_name_is_refused_before_anything_is_dropped() {
    for name in ["", "a$b", "$cmd", ".a", "a\0b"] {
        let source = vec![collection("a"), collection(name)];
        assert_eq!(kind(plan(source, &[], ExistingTarget::Drop)), Kind::InvalidName, "{name:?}");
    }
    let source = vec![collection("a..b"), collection("c.")];
    assert_eq!(names(&plan(source, &[], ExistingTarget::Refuse).unwrap().collections), ["a..b", "c."]);
}
