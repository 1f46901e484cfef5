//! Which operation a call is. API Gateway routes by the same table (template.yaml), so that other
//! paths and methods do not come here; what comes all the same is answered as there.

use shell::answer::Problem;

/// What a call asks the directory to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// List users.
    List,
    /// Show a user.
    Show,
}

/// The resources of the API that are the directory's. Each has GET, HEAD and OPTIONS.
static ROUTES: [(&str, Operation); 2] = [
    ("/v1/users", Operation::List),
    ("/v1/users/{name}", Operation::Show),
];

/// The operation of a method on a resource; HEAD is GET, whose body is left out later.
///
/// # Errors
/// 404 for a resource that is not there, 405 with `Allow` for another method (RFC 9110, 15.5.6).
pub(crate) fn operation(resource: Option<&str>, method: &str) -> Result<Operation, Problem> {
    let known = ROUTES.iter().find(|(path, _)| Some(*path) == resource);
    let (_, operation) = known.ok_or_else(|| Problem::new(404, "Not found"))?;
    match method {
        "GET" | "HEAD" => Ok(*operation),
        _ => Err(Problem::new(405, "Method not allowed")
            .detail("See the Allow header.")
            .header("Allow", "GET, HEAD, OPTIONS".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_operation_or_none() {
        for method in ["GET", "HEAD"] {
            assert_eq!(operation(Some("/v1/users"), method), Ok(Operation::List));
            let one = operation(Some("/v1/users/{name}"), method);
            assert_eq!(one, Ok(Operation::Show));
        }
        for resource in [None, Some("/v1/users/"), Some("/v1/requests")] {
            let none = Problem::new(404, "Not found");
            assert_eq!(operation(resource, "GET"), Err(none));
        }
        for method in ["POST", "PUT", "DELETE", "get"] {
            let answer = operation(Some("/v1/users"), method).unwrap_err().answer();
            assert_eq!(answer.status_code, 405);
            assert_eq!(answer.headers["allow"], "GET, HEAD, OPTIONS");
        }
    }

    #[test]
    fn a_client_can_be_given_every_operation() {
        use snowgate_core::caller::Route;
        let known = ROUTES.map(|(path, _)| format!("GET {}", path.replace("{name}", "*")));
        let given = Route::ALL.into_iter();
        let given: Vec<_> = given.filter(|route| route.contains(" /v1/users")).collect();
        assert_eq!(given, known);
    }
}
