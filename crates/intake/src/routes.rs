//! Which operation a call is. API Gateway routes by the same table (template.yaml), so that other
//! paths and methods do not come here; what comes all the same is answered as there.

use shell::answer::Problem;

/// What a call asks the intake to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Accept a request.
    Submit,
    /// List the client's requests for a record.
    List,
    /// Show a request.
    Show,
    /// Withdraw a request.
    Withdraw,
    /// Revoke access.
    Revoke,
    /// Abandon a removal that does not work.
    Abandon,
    /// Extend access.
    Extend,
    /// Describe the API.
    Describe,
}

/// A resource of the API, the methods that it has besides HEAD and OPTIONS, and what they are.
type Route = (&'static str, &'static [(&'static str, Operation)]);

/// All of them.
static ROUTES: [Route; 7] = [
    (
        "/v1/requests",
        &[("GET", Operation::List), ("POST", Operation::Submit)],
    ),
    ("/v1/requests/{id}", &[("GET", Operation::Show)]),
    (
        "/v1/requests/{id}/withdraw",
        &[("POST", Operation::Withdraw)],
    ),
    ("/v1/requests/{id}/revoke", &[("POST", Operation::Revoke)]),
    ("/v1/requests/{id}/abandon", &[("POST", Operation::Abandon)]),
    ("/v1/requests/{id}/extend", &[("POST", Operation::Extend)]),
    ("/v1/openapi.json", &[("GET", Operation::Describe)]),
];

/// The operation of a method on a resource; HEAD is GET, whose body is left out later.
///
/// # Errors
/// 404 for a resource that is not there, 405 with `Allow` for another method (RFC 9110, 15.5.6).
pub(crate) fn operation(resource: Option<&str>, method: &str) -> Result<Operation, Problem> {
    let known = ROUTES.iter().find(|(path, _)| Some(*path) == resource);
    let (_, methods) = known.ok_or_else(|| Problem::new(404, "Not found"))?;
    let wanted = if method == "HEAD" { "GET" } else { method };
    let found = methods.iter().find(|(name, _)| *name == wanted);
    found.map(|(_, operation)| *operation).ok_or_else(|| {
        Problem::new(405, "Method not allowed")
            .detail("See the Allow header.")
            .header("Allow", allowed(methods))
    })
}

fn allowed(methods: &[(&'static str, Operation)]) -> String {
    let mut names: Vec<&str> = methods.iter().map(|(name, _)| *name).collect();
    names.push("OPTIONS");
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_one_operation_or_none() {
        let requests = Some("/v1/requests");
        assert_eq!(operation(requests, "POST"), Ok(Operation::Submit));
        assert_eq!(operation(requests, "GET"), Ok(Operation::List));
        assert_eq!(operation(requests, "HEAD"), Ok(Operation::List));
        assert_eq!(
            operation(Some("/v1/requests/{id}"), "HEAD"),
            Ok(Operation::Show)
        );
        let end = |how| operation(Some(how), "POST");
        assert_eq!(end("/v1/requests/{id}/withdraw"), Ok(Operation::Withdraw));
        assert_eq!(end("/v1/requests/{id}/revoke"), Ok(Operation::Revoke));
        assert_eq!(end("/v1/requests/{id}/abandon"), Ok(Operation::Abandon));
        assert_eq!(end("/v1/requests/{id}/extend"), Ok(Operation::Extend));
        let none = Problem::new(404, "Not found");
        for resource in [None, Some("/"), Some("/v1/requests/")] {
            assert_eq!(operation(resource, "GET"), Err(none.clone()));
        }
    }

    #[test]
    fn a_client_can_be_given_every_operation() {
        use snowgate_core::caller::Route;
        let mut known: Vec<String> = Vec::new();
        for (path, methods) in ROUTES.iter().filter(|(path, _)| path.contains("requests")) {
            let path = path.replace("{id}", "*");
            known.extend(methods.iter().map(|(method, _)| format!("{method} {path}")));
        }
        known.sort();
        let given = Route::ALL.into_iter();
        let given = given.filter(|route| route.contains(" /v1/requests"));
        let mut given: Vec<_> = given.map(str::to_owned).collect();
        given.sort();
        assert_eq!(known, given);
    }

    #[test]
    fn another_method_hears_which_there_are() {
        let allow = |resource, method| {
            let answer = operation(Some(resource), method).unwrap_err().answer();
            assert_eq!(answer.status_code, 405);
            answer.headers["allow"].to_str().unwrap().to_owned()
        };
        assert_eq!(allow("/v1/requests", "PUT"), "GET, HEAD, OPTIONS, POST");
        assert_eq!(allow("/v1/requests/{id}", "POST"), "GET, HEAD, OPTIONS");
        assert_eq!(allow("/v1/requests/{id}/revoke", "GET"), "OPTIONS, POST");
        assert_eq!(allow("/v1/openapi.json", "get"), "GET, HEAD, OPTIONS");
    }
}
