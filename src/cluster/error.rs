//! Why a cluster did not do what it was asked, in words.

use kube::core::Status;

/// Trouble with a cluster.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// There is no kubeconfig, or it cannot be used.
    #[error("no cluster to run on: {reason}")]
    Config {
        /// What is wrong with it.
        reason: String,
    },
    /// The server did not answer.
    #[error("failed to {doing}: {server} does not answer ({reason})")]
    Unreachable {
        /// What was asked for.
        doing: String,
        /// The server's address.
        server: String,
        /// What was in the way.
        reason: String,
    },
    /// The server answered, and said no.
    #[error("failed to {doing}: {reason}")]
    Refused {
        /// What was asked for.
        doing: String,
        /// What the server said.
        reason: String,
        /// The HTTP status.
        code: u16,
        /// What to do.
        help: Option<String>,
    },
    /// The runtime could not start.
    #[error("failed to start the runtime")]
    Runtime(#[source] std::io::Error),
    /// Signals could not be listened to.
    #[error("failed to listen for signals")]
    Signals(#[source] std::io::Error),
}

impl ClusterError {
    /// Returns what to do about it.
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Config { .. } => {
                Some("name a context of your kubeconfig with `--context`, or set KUBECONFIG")
            }
            Self::Refused { help, .. } => help.as_deref(),
            _ => None,
        }
    }

    /// Returns whether the same may be asked again a little later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { code, .. } => matches!(code, 0 | 429 | 500 | 502..=504),
            _ => false,
        }
    }

    /// Returns whether what was to be made is there already.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Refused { code: 409, .. })
    }

    /// Returns whether what was asked for is not there.
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { code: 404, .. })
    }
}

/// Says what a server refused, and what to do.
pub(super) fn refused(doing: &str, status: &Status, namespace: &str) -> ClusterError {
    ClusterError::Refused {
        doing: doing.to_owned(),
        reason: reason(status),
        code: status.code,
        help: help(status, namespace),
    }
}

/// Returns what a server said, without the names of the parts of it that said so.
fn reason(status: &Status) -> String {
    let said = status.message.trim();
    let said = match said.split_once(" denied the request: ") {
        Some((webhook, why)) if webhook.starts_with("admission webhook") => {
            why.strip_prefix("validation failed: ").unwrap_or(why)
        }
        _ => said,
    };
    if said.is_empty() { format!("the server answers {}", status.code) } else { said.to_owned() }
}

fn help(status: &Status, namespace: &str) -> Option<String> {
    let kind = status.details.as_ref().map(|details| details.kind.as_str()).unwrap_or_default();
    Some(match status.code {
        401 => "the cluster does not know you: sign in again, for example with `kubectl get pods` and what it asks for".to_owned(),
        403 => format!(
            "ask for the right: `kubectl auth can-i create pipelineruns.tekton.dev --namespace {namespace}` says whether you have it"
        ),
        404 if kind == "namespaces" => format!("there is no namespace `{namespace}`: name another with `--namespace`"),
        404 if kind.is_empty() => "Tekton Pipelines is not installed on this cluster".to_owned(),
        400 if status.message.contains("strict decoding error") => {
            "the cluster's Tekton does not know this field: it may be older than the one that was exported for".to_owned()
        }
        _ => return None,
    })
}
