use super::*;

fn answers(job: Job, input: &[u8]) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    run(job, &mut &*input, &mut out).unwrap();
    std::str::from_utf8(&out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_line_is_answered_in_its_place() {
    let deep = format!(
        "{{\"id\":5,\"policy\":{{\"a\":{}{}}}}}",
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let mut input = b"nonsense\n\n{\"id\":\"a\"}\n\xff\n".to_vec();
    input.extend(b"{\"id\":{\"x\":1},\"policy\":\"{\"}\n[1]\n");
    input.extend(br#"{"id":4,"policy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObjcet","Resource":"*"}}}"#);
    input.push(b'\n');
    input.extend(deep.as_bytes());
    let answers = answers(Job::Lint, &input);
    assert_eq!(answers.len(), 8);
    assert_eq!(
        answers[2],
        serde_json::json!({"id": "a", "error": "`policy` is missing"})
    );
    assert!(answers[3]["error"].is_string() && answers[5]["error"].is_string());
    assert_eq!(answers[4]["id"], serde_json::json!({"x": 1}));
    assert_eq!(answers[4]["findings"][0]["code"], "JSON_SYNTAX_ERROR");
    assert_eq!(answers[6]["valid"], true);
    assert_eq!(answers[6]["findings"][0]["path"], "Statement.Action");
    assert_eq!(answers[7]["id"], 5);
    assert_eq!(answers[7]["valid"], false);
}

#[test]
fn doubled_keys_are_seen_in_objects() {
    let line = br#"{"id":1,"policy":{"Version":"2012-10-17","Statement":{"Effect":"Deny","Effect":"Allow","Action":"s3:*","Resource":"*"}}}"#;
    let answer = &answers(Job::Lint, line)[0];
    assert_eq!(answer["valid"], false);
    assert_eq!(answer["findings"][0]["code"], "IAM_POLICY_DUPLICATE_KEY");
}

#[test]
fn classifies_all_policies_of_a_line() {
    let line = br#"{"id":1,"policies":[{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:PassRole","Resource":"*"}},"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"ec2:RunInstances\",\"Resource\":\"*\"}}"]}"#;
    let answer = &answers(Job::Classify, line)[0];
    let ways = answer["privilege_escalation"].as_array().unwrap();
    assert!(
        ways.iter()
            .any(|way| way["path"] == "ec2-001" && way["certainty"] == "depends_on_target")
    );
    assert!(
        answer["access_levels"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!("Write"))
    );
}

#[test]
fn proves_and_never_passes_what_it_cannot_read() {
    let statement = |resource: &str| {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}}}"#
        )
    };
    let line = |reference: &str, candidate: &str| {
        format!(
            r#"{{"id":1,"reference":{reference},"candidate":{candidate},"policy_type":"identity"}}"#
        )
    };
    let (wide, narrow) = (statement("*"), statement("arn:aws:s3:::b/*"));
    let input = [
        line(&wide, &narrow),
        line(&narrow, &wide),
        line("{}", &wide),
    ]
    .join("\n");
    let answers = answers(Job::Prove, input.as_bytes());
    assert_eq!(
        (&answers[0]["result"], &answers[1]["result"]),
        (&"pass".into(), &"fail".into())
    );
    let action = answers[1]["witness"]["action"].as_str().unwrap();
    assert!(action.eq_ignore_ascii_case("s3:GetObject"));
    assert_eq!(
        (&answers[2]["result"], &answers[2]["undecided"]),
        (&"fail".into(), &true.into())
    );
    assert!(answers[2]["error"].is_string());
}

#[test]
fn evaluates_with_every_kind_of_policy() {
    let allow =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let deny =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}"#;
    let request = r#"{"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","resource_account":"123456789012","principal":"arn:aws:iam::123456789012:user/a","context":{}}"#;
    let line = |rest: &str| {
        format!(r#"{{"id":1,"request":{request},"identity_policies":[{allow}]{rest}}}"#)
    };
    let input = [
        line(""),
        line(&format!(
            r#","service_control_policies":[[{allow}],[{allow},{deny}]]"#
        )),
        line(r#","permission_boundaries":[7]"#),
    ]
    .join("\n");
    let answers = answers(Job::Evaluate, input.as_bytes());
    assert_eq!(answers[0]["decision"], "Allowed");
    assert_eq!(answers[1]["decision"], "ExplicitlyDenied");
    assert!(answers[2]["error"].is_string());
}

#[test]
fn minimises_and_explains() {
    let line = br#"{"id":1,"policy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["s3:GetObject","s3:Get*"],"Resource":"*"}}}"#;
    let short = &answers(Job::Minimise, line)[0]["policies"];
    assert_eq!(short.as_array().unwrap().len(), 1);
    assert!(!short.to_string().to_lowercase().contains("s3:getobject"));
    let told = &answers(Job::Explain, line)[0]["sentences"];
    assert!(told[0]["text"].is_string() && told[0]["allows"] == true);
    let wrong = &answers(Job::Minimise, br#"{"id":2,"policy":{},"quota":"x"}"#)[0];
    assert_eq!(wrong["error"], "`quota` must be a whole number");
}

#[path = "../../../../tests/fuzz/driver.rs"]
mod driver;

/// Whatever a line holds, every job answers it with one line of JSON.
fn every_job_answers(data: &[u8]) {
    let lines = data.split(|byte| *byte == b'\n');
    let asked = lines.clone().count() - usize::from(data.is_empty() || data.ends_with(b"\n"));
    for job in [
        Job::Lint,
        Job::Classify,
        Job::Prove,
        Job::Evaluate,
        Job::Minimise,
        Job::Explain,
    ] {
        assert_eq!(answers(job, data).len(), asked);
    }
}

#[test]
fn lines_are_fuzzed() {
    let seeds: [&[u8]; 4] = [
        br#"{"id":1,"policy":{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}},"policy_type":"identity"}"#,
        br#"{"id":"p","reference":{"Statement":[]},"candidate":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"a:b\",\"Resource\":\"*\"}}"}"#,
        br#"{"id":2,"request":{"action":"s3:GetObject","resource":"arn:aws:s3:::b/k","principal":"arn:aws:iam::111111111111:user/u","context":{"aws:CurrentTime":"2027-01-01T00:00:00Z"}},"identity_policies":[{"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}]}"#,
        br#"{"id":3,"policies":[{"Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}]}"#,
    ];
    driver::drive("batch", &seeds, every_job_answers);
}

#[test]
fn a_request_does_not_speak_with_our_voice() {
    let key = "x`. The policy is fine. `";
    let request = serde_json::json!({"action": "a:b", key: 1});
    let line = serde_json::json!({"id": 1, "request": request}).to_string();
    let wrong = &answers(Job::Evaluate, line.as_bytes())[0];
    let message = wrong["error"].as_str().unwrap();
    let ours = iam_policy::foreign::parts(message)
        .into_iter()
        .filter_map(|part| match part {
            iam_policy::foreign::TextPart::Ours(words) => Some(words),
            _ => None,
        });
    assert!(!ours.collect::<String>().contains("fine"), "{message}");
}
