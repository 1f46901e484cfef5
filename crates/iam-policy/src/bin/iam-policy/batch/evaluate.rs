use iam_policy::document::{Document, PolicyType};
use iam_policy::evaluate::{Evaluation, Policies, Request, Ruleset, evaluate};
use iam_policy::json::{Json, Kind};

use super::{InputLine, LineError, classify, document};

/// What a line may have.
const MEMBERS: [&str; 8] = [
    "id",
    "request",
    "identity_policies",
    "permission_boundaries",
    "session_policies",
    "service_control_policies",
    "resource_control_policies",
    "resource_policy",
];

/// `{id, request:{…}, identity_policies, permission_boundaries, session_policies,
/// service_control_policies:[[…]], resource_control_policies:[[…]], resource_policy}`
pub(super) fn answer(line: &InputLine<'_, '_>) -> Result<Evaluation, LineError> {
    line.only(&MEMBERS)?;
    let request = line.get("request").ok_or(LineError::Missing("request"))?;
    let request: Request =
        serde_json::from_str(request.raw()).map_err(|error| LineError::Value("request", error))?;
    let compile =
        |documents: &[Document<'_>]| documents.iter().map(Ruleset::compile).collect::<Vec<_>>();
    let list = |name, policy_type| Ok::<_, LineError>(compile(&line.policies(name, policy_type)?));
    let levels = |name, policy_type| {
        let levels = classify::levels(line, name, policy_type)?;
        Ok::<_, LineError>(
            levels
                .iter()
                .map(|level| compile(level))
                .collect::<Vec<_>>(),
        )
    };
    // For taking a role the policy of the resource is the role's trust policy.
    let action = request.action().to_ascii_lowercase();
    let trust = action.starts_with("sts:assumerole")
        || matches!(action.as_str(), "sts:tagsession" | "sts:setsourceidentity");
    let resource_type = if trust {
        PolicyType::Trust
    } else {
        PolicyType::Resource
    };
    let resource = line
        .get("resource_policy")
        .map(|item| document("resource_policy", item, resource_type));
    let policies = Policies {
        identity: list("identity_policies", PolicyType::Identity)?,
        boundaries: list("permission_boundaries", PolicyType::Boundary)?,
        sessions: list("session_policies", PolicyType::Session)?,
        service_control: levels("service_control_policies", PolicyType::ServiceControl)?,
        resource_control: levels("resource_control_policies", PolicyType::ResourceControl)?,
        resource: resource.transpose()?.as_ref().map(Ruleset::compile),
    };
    Ok(evaluate(&request, &policies))
}

/// Decides what one text asks, which is written as a line of a batch.
pub(crate) fn decide(text: &str) -> Result<Evaluation, LineError> {
    let json = Json::parse_any_depth(text)?;
    if json.root().kind() != Kind::Object {
        return Err(LineError::NoObject);
    }
    answer(&InputLine(json.root()))
}
