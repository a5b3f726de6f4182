//! The parts of an object that rules look at, with what they can see from where they stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::corpus::Corpus;
use crate::konflux::fields::{elements, entry, field, list, name, text};
use crate::konflux::object::Object;
use crate::yaml::{Data, Node};

/// What kind of value a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    List,
    Map,
}

impl Shape {
    /// Returns the shape of a value as Tekton reads it: lists and maps of anything but texts become texts.
    pub(super) fn of(value: &Node) -> Self {
        match &value.data {
            Data::List(_) => Self::List,
            Data::Map(_) => Self::Map,
            Data::Null | Data::Scalar { .. } => Self::Text,
        }
    }

    /// Returns the word that Tekton has for it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::List => "array",
            Self::Map => "object",
        }
    }
}

/// A parameter that can be used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) shape: Shape,
    /// Its declaration; where it is only given, the item that gives it.
    pub(super) node: &'a Node,
    pub(super) default: Option<&'a Node>,
}

impl<'a> Parameter<'a> {
    /// Returns a parameter that a list of `params` declares.
    pub(super) fn declared(node: &'a Node) -> Self {
        let default = field(node, "default");
        let shape = match text(node, "type") {
            Some("array") => Shape::List,
            Some("object") => Shape::Map,
            Some(_) => Shape::Text,
            None if field(node, "properties").is_some() => Shape::Map,
            None => default.map_or(Shape::Text, Shape::of),
        };
        Self { name: name(node), shape, node, default }
    }

    /// Returns a parameter that a run gives to all that it contains.
    fn given(node: &'a Node) -> Self {
        let value = entry(node, "value").map(|entry| &entry.value);
        Self { name: name(node), shape: value.map_or(Shape::Text, Shape::of), node, default: value }
    }

    /// Returns the keys of one that is a map.
    pub(super) fn keys(&self) -> Vec<&'a str> {
        let properties = field(self.node, "properties").or(self.default);
        let entries = properties.and_then(Node::entries).unwrap_or_default();
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }
}

/// Returns the parameters that a spec declares.
pub(super) fn declared(spec: &Node) -> Vec<Parameter<'_>> {
    list(spec, "params").iter().map(Parameter::declared).collect()
}

/// What a spec can see: its own names, and those of what stands around it.
///
/// A pipeline may have thousands of tasks, which all see what it declares: they share it.
#[derive(Debug, Default)]
pub(super) struct Scope<'a> {
    parameters: BTreeMap<&'a str, Parameter<'a>>,
    workspaces: BTreeSet<&'a str>,
    around: Option<Rc<Scope<'a>>>,
}

impl<'a> Scope<'a> {
    /// Returns the scope inside of a spec that declares more. Its own names go before those around it.
    fn inside(around: &Rc<Self>, spec: &'a Node) -> Rc<Self> {
        let workspaces = list(spec, "workspaces").iter().map(name).collect();
        Self::new(declared(spec), workspaces, Some(around))
    }

    /// Returns the scope inside of what is given parameters.
    fn given(around: &Rc<Self>, given: impl Iterator<Item = &'a Node>) -> Rc<Self> {
        Self::new(given.map(Parameter::given), BTreeSet::new(), Some(around))
    }

    /// Returns the scope that a run gives.
    fn of_run(spec: &'a Node) -> Rc<Self> {
        let workspaces = list(spec, "workspaces").iter().map(name).collect();
        Self::new(list(spec, "params").iter().map(Parameter::given), workspaces, None)
    }

    fn new(
        parameters: impl IntoIterator<Item = Parameter<'a>>,
        workspaces: BTreeSet<&'a str>,
        around: Option<&Rc<Self>>,
    ) -> Rc<Self> {
        let mut scope = Self { parameters: BTreeMap::new(), workspaces, around: around.cloned() };
        for parameter in parameters {
            scope.parameters.entry(parameter.name).or_insert(parameter);
        }
        Rc::new(scope)
    }

    /// Returns the scope and those around it, from the inside.
    fn layers(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |scope| scope.around.as_deref())
    }

    /// Returns the parameters with a name, from the inside.
    pub(super) fn parameters(&self, wanted: &str) -> impl Iterator<Item = &Parameter<'a>> {
        self.layers().filter_map(move |scope| scope.parameters.get(wanted))
    }

    /// Returns the parameter with a name.
    pub(super) fn parameter(&self, wanted: &str) -> Option<&Parameter<'a>> {
        self.parameters(wanted).next()
    }

    /// Returns the names of parameters.
    pub(super) fn parameter_names(&self) -> impl Iterator<Item = &'a str> {
        self.layers().flat_map(|scope| scope.parameters.keys().copied())
    }

    /// Returns whether there is a workspace with a name.
    pub(super) fn has_workspace(&self, wanted: &str) -> bool {
        self.layers().any(|scope| scope.workspaces.contains(wanted))
    }

    /// Returns the names of workspaces.
    pub(super) fn workspace_names(&self) -> impl Iterator<Item = &'a str> {
        self.layers().flat_map(|scope| scope.workspaces.iter().copied())
    }
}

/// Where what a run runs stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// In an object of its own, or nowhere that is known.
    Alone,
    /// In the run: it sees what the run gives.
    Embedded,
}

/// What a task does: the `spec` of a Task, or a `taskSpec`.
#[derive(Debug)]
pub(super) struct TaskView<'a> {
    pub(super) spec: &'a Node,
    pub(super) scope: Rc<Scope<'a>>,
}

impl<'a> TaskView<'a> {
    pub(super) fn steps(&self) -> &'a [Node] {
        list(self.spec, "steps")
    }

    pub(super) fn sidecars(&self) -> &'a [Node] {
        list(self.spec, "sidecars")
    }

    /// Returns a field of a step, or of the template that is put below all steps.
    pub(super) fn step_field(&self, step: &'a Node, key: &str) -> Option<&'a Node> {
        field(step, key).or_else(|| field(field(self.spec, "stepTemplate")?, key))
    }
}

/// A StepAction: a step that tasks refer to.
#[derive(Debug)]
pub(super) struct ActionView<'a> {
    pub(super) spec: &'a Node,
    pub(super) scope: Rc<Scope<'a>>,
}

/// What a task of a pipeline runs.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    /// The task that stands there.
    Embedded(&'a Node),
    /// A Task of the files that are checked together.
    Known(&'a Node),
    /// A pipeline that stands there, or one of those files.
    Pipeline(Option<&'a Node>),
    /// Nothing that is known here: a bundle, a custom task, or a task of the cluster.
    Unknown,
}

impl<'a> Target<'a> {
    /// Returns the spec that is run.
    pub(super) fn spec(&self) -> Option<&'a Node> {
        match self {
            Self::Embedded(spec) | Self::Known(spec) => Some(spec),
            Self::Pipeline(spec) => *spec,
            Self::Unknown => None,
        }
    }
}

/// One task of a pipeline.
#[derive(Debug, Clone, Copy)]
pub(super) struct PipelineTask<'a> {
    pub(super) node: &'a Node,
    pub(super) name: &'a str,
    pub(super) is_final: bool,
    pub(super) target: Target<'a>,
}

impl<'a> PipelineTask<'a> {
    fn of(node: &'a Node, is_final: bool, corpus: &Corpus<'a>) -> Self {
        Self { node, name: name(node), is_final, target: target(node, corpus) }
    }

    /// Returns the parameters of the matrix: those that are combined, and those of `include`.
    pub(super) fn matrix_parameters(&self) -> impl Iterator<Item = &'a Node> {
        let matrix = field(self.node, "matrix");
        let include = matrix.map(|matrix| list(matrix, "include")).unwrap_or_default();
        let combined = matrix.map(|matrix| list(matrix, "params")).unwrap_or_default();
        combined.iter().chain(include.iter().flat_map(|include| list(include, "params")))
    }

    /// Returns all that gives a parameter a value.
    pub(super) fn given(&self) -> impl Iterator<Item = &'a Node> {
        list(self.node, "params").iter().chain(self.matrix_parameters())
    }

    /// Returns whether it runs once for each combination of a matrix.
    pub(super) fn is_matrixed(&self) -> bool {
        self.matrix_parameters().next().is_some()
    }
}

fn target<'a>(node: &'a Node, corpus: &Corpus<'a>) -> Target<'a> {
    let is_custom = |node: &Node| {
        let kind = text(node, "kind").unwrap_or("Task");
        text(node, "apiVersion").is_some_and(|version| !version.starts_with("tekton.dev/")) || kind != "Task"
    };
    if let Some(spec) = field(node, "pipelineSpec") {
        Target::Pipeline(Some(spec))
    } else if let Some(reference) = field(node, "pipelineRef") {
        Target::Pipeline(corpus.refer("Pipeline", reference).and_then(|object| object.spec()))
    } else if let Some(spec) = field(node, "taskSpec").filter(|spec| !is_custom(spec)) {
        Target::Embedded(spec)
    } else if let Some(reference) = field(node, "taskRef").filter(|reference| !is_custom(reference)) {
        let spec = corpus.refer("Task", reference).and_then(|object| object.spec());
        spec.map_or(Target::Unknown, Target::Known)
    } else {
        Target::Unknown
    }
}

/// A pipeline: the `spec` of a Pipeline, or a `pipelineSpec`.
#[derive(Debug)]
pub(super) struct PipelineView<'a> {
    pub(super) spec: &'a Node,
    pub(super) scope: Rc<Scope<'a>>,
    pub(super) tasks: Vec<PipelineTask<'a>>,
    /// Where the tasks stand in the list, by name.
    by_name: HashMap<&'a str, usize>,
}

impl<'a> PipelineView<'a> {
    /// Returns the task with a name.
    pub(super) fn task(&self, wanted: &str) -> Option<&PipelineTask<'a>> {
        self.by_name.get(wanted).map(|index| &self.tasks[*index])
    }
}

/// A PipelineRun or a TaskRun.
#[derive(Debug)]
pub(super) struct RunView<'a> {
    pub(super) object: Object<'a>,
    pub(super) spec: &'a Node,
    /// What is run, where it stands there or in one of the files that are checked together.
    pub(super) target: Option<&'a Node>,
    pub(super) stand: Stand,
}

impl RunView<'_> {
    /// Returns the words that stand in field names: `pipeline` or `task`.
    pub(super) fn word(&self) -> &'static str {
        if self.object.kind == "TaskRun" { "task" } else { "pipeline" }
    }
}

/// All that rules look at in one object.
#[derive(Debug, Default)]
pub(super) struct Views<'a> {
    pub(super) tasks: Vec<TaskView<'a>>,
    pub(super) actions: Vec<ActionView<'a>>,
    pub(super) pipelines: Vec<PipelineView<'a>>,
    pub(super) runs: Vec<RunView<'a>>,
}

impl<'a> Views<'a> {
    /// Takes an object apart. Only Tekton's kinds have parts.
    pub(super) fn of(object: Object<'a>, corpus: &Corpus<'a>) -> Self {
        let mut views = Self::default();
        let Some(spec) = object.spec().filter(|_| object.group == "tekton.dev") else { return views };
        match object.kind {
            "Task" => views.task(spec, &Rc::default()),
            "StepAction" => {
                views.actions.push(ActionView { spec, scope: Scope::inside(&Rc::default(), spec) });
            }
            "Pipeline" => views.pipeline(spec, &Rc::default(), corpus),
            "PipelineRun" => views.run(object, spec, "Pipeline", corpus),
            "TaskRun" => views.run(object, spec, "Task", corpus),
            _ => {}
        }
        views
    }

    fn task(&mut self, spec: &'a Node, around: &Rc<Scope<'a>>) {
        self.tasks.push(TaskView { spec, scope: Scope::inside(around, spec) });
    }

    fn pipeline(&mut self, spec: &'a Node, around: &Rc<Scope<'a>>, corpus: &Corpus<'a>) {
        let scope = Scope::inside(around, spec);
        let of = |key, is_final| list(spec, key).iter().map(move |node| (node, is_final));
        let nodes = of("tasks", false).chain(of("finally", true));
        let tasks: Vec<PipelineTask<'a>> =
            nodes.map(|(node, is_final)| PipelineTask::of(node, is_final, corpus)).collect();
        for task in &tasks {
            let inner = Scope::given(&scope, task.given());
            match task.target {
                Target::Embedded(spec) => self.task(spec, &inner),
                Target::Pipeline(Some(spec)) if field(task.node, "pipelineSpec").is_some() => {
                    self.pipeline(spec, &inner, corpus);
                }
                _ => {}
            }
        }
        let mut by_name = HashMap::new();
        for (index, task) in tasks.iter().enumerate() {
            by_name.entry(task.name).or_insert(index);
        }
        self.pipelines.push(PipelineView { spec, scope, tasks, by_name });
    }

    fn run(&mut self, object: Object<'a>, spec: &'a Node, kind: &str, corpus: &Corpus<'a>) {
        let lower = kind.to_lowercase();
        let embedded = field(spec, &format!("{lower}Spec"));
        let reference = field(spec, &format!("{lower}Ref"));
        let known = || corpus.refer(kind, reference?).and_then(|object| object.spec());
        let target = embedded.or_else(known);
        let stand = if embedded.is_some() { Stand::Embedded } else { Stand::Alone };
        let around = Scope::of_run(spec);
        match embedded {
            Some(inner) if kind == "Pipeline" => self.pipeline(inner, &around, corpus),
            Some(inner) => self.task(inner, &around),
            None => {}
        }
        self.runs.push(RunView { object, spec, target, stand });
    }
}

/// Returns the texts of a list of texts, or of one text.
pub(super) fn texts(node: &Node) -> Vec<&Node> {
    match &node.data {
        Data::Scalar { .. } => vec![node],
        _ => elements(node).iter().collect(),
    }
}
