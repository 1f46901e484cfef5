//! Every fault of the emulator at every look-up: what becomes of a yes that rests on the look-up, and that no is never turned into yes.
//! The page docs/entitlement-faults.md is made here.

mod records;

use std::fmt::Write as _;

use servicenow_emulator::FaultKind;

use super::*;
use records::records;

const PAGE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../docs/entitlement-faults.md"
);

const INTRODUCTION: &str = "# Entitlements: what faults of ServiceNow come to

Made by a test that breaks each look-up in each way that the emulator knows, for as long as the question lasts
(`crates/servicenow/tests/it/cmdb/faults.rs`), and compared with this page by every run. To renew it after a change that is meant:

```sh
UPDATE_ENTITLEMENT_FAULTS=1 cargo test -p servicenow --test it cmdb::faults
```

Each column is a look-up, and its cells are the answer to somebody who is entitled by what that look-up finds. Whatever the
fault, the same test asks for everybody else, and puts rows that would entitle them in place of the right ones or beside them: nobody
is entitled who is not without it.
";

/// A look-up: the table, who is entitled by it to what, and the fields that are read.
struct Step {
    table: &'static str,
    user: usize,
    asked: &'static str,
    fields: &'static [&'static str],
    /// Rows that would entitle Eve if they were taken for those that were asked for.
    tempting: &'static [usize],
}

const ZOE: usize = 0xa5;
const EVE: usize = 0xa3;
const INACTIVE: usize = 0xa6;
const LOCKED: usize = 0xa7;
const PROGRAM: usize = 0xa8;

const STEPS: [Step; 11] = [
    Step {
        table: "sys_user",
        user: RITA,
        asked: "web-1",
        fields: &["sys_id", "active", "locked_out", "web_service_access_only"],
        tempting: &[EVE, RITA],
    },
    Step {
        table: "cmdb_ci_server",
        user: RITA,
        asked: "web-1",
        fields: &[
            "sys_id",
            "name",
            "sys_class_name",
            "owned_by",
            "install_status",
            "operational_status",
            "life_cycle_stage_status",
            "duplicate_of",
        ],
        tempting: &[33, 1],
    },
    Step {
        table: "sys_user_grmember",
        user: RITA,
        asked: "web-2",
        fields: &["sys_id", "user", "group", "group.active"],
        tempting: &[0xd1, 0xd3],
    },
    Step {
        table: "sys_user_group",
        user: RITA,
        asked: "web-3",
        fields: &["sys_id", "active", "parent"],
        tempting: &[0xb5],
    },
    Step {
        table: "cmdb_rel_ci",
        user: RITA,
        asked: "web-4",
        fields: &[
            "sys_id",
            "child",
            "type",
            "parent",
            "parent.owned_by",
            "parent.install_status",
        ],
        tempting: &[0xc2, 0xc3],
    },
    Step {
        table: "svc_ci_assoc",
        user: RITA,
        asked: "web-5",
        fields: &[
            "sys_id",
            "ci_id",
            "service_id",
            "service_id.owned_by",
            "service_id.operational_status",
        ],
        tempting: &[0xc4],
    },
    Step {
        table: "sys_user_delegate",
        user: RITA,
        asked: "web-6",
        fields: &[
            "sys_id",
            "delegate",
            "assignments",
            "user",
            "starts",
            "ends",
        ],
        tempting: &[0xe1, 0xe3],
    },
    Step {
        table: "sys_user_has_role",
        user: ZOE,
        asked: "web-7",
        fields: &["sys_id", "user", "role", "state"],
        tempting: &[0xf1, 0xf2],
    },
    Step {
        table: "cmdb_ci",
        user: RITA,
        asked: "10.1.1.8",
        fields: &["sys_id", "ip_address", "sys_class_name", "duplicate_of"],
        tempting: &[33, 0x40],
    },
    Step {
        table: "cmdb_ci_network_adapter",
        user: RITA,
        asked: "10.1.1.9",
        fields: &["sys_id", "cmdb_ci"],
        tempting: &[0x40],
    },
    Step {
        table: "cmdb_ci_ip_address",
        user: RITA,
        asked: "10.1.1.10",
        fields: &["sys_id", "nic.cmdb_ci"],
        tempting: &[0x50],
    },
];

/// Who is not entitled to what, each for another reason.
const NEVER: [(usize, &[&str]); 4] = [
    (
        EVE,
        &[
            "web-1",
            "web-2",
            "web-3",
            "web-4",
            "web-5",
            "web-6",
            "web-7",
            "10.1.1.8",
            "10.1.1.9",
            "10.1.1.10",
            "web-21",
            "web-22",
            "twin",
            "10.1.1.20",
            "web-26",
            "web-27",
            "web-28",
            "web-29",
        ],
    ),
    (INACTIVE, &["web-30"]),
    (LOCKED, &["web-31"]),
    (PROGRAM, &["web-32"]),
];

/// The faults of a look-up: every kind, and each of its fields hidden.
fn faults(step: &Step) -> Vec<(String, FaultKind)> {
    let kinds = FaultKind::samples().into_iter().filter(|kind| {
        !matches!(
            kind,
            FaultKind::HiddenField { .. } | FaultKind::NotSaved { .. }
        )
    });
    let mut all: Vec<(String, FaultKind)> = kinds
        .map(|kind| {
            let json = serde_json::to_value(&kind).unwrap();
            let more = json.as_object().unwrap().iter();
            let more = more.filter(|(name, value)| *name != "kind" && !value.is_null());
            let more: Vec<String> = more
                .map(|(name, value)| format!(", {name} {value}"))
                .collect();
            (
                format!("{}{}", json["kind"].as_str().unwrap(), more.concat()),
                kind,
            )
        })
        .collect();
    for row in step.tempting {
        let sys_id = || Some(id(*row));
        all.push((OTHER.to_owned(), FaultKind::WrongRow { sys_id: sys_id() }));
        all.push((OTHER.to_owned(), FaultKind::ExtraRow { sys_id: sys_id() }));
    }
    for field in step.fields {
        let fields = vec![(*field).to_owned()];
        all.push((HIDDEN.to_owned(), FaultKind::HiddenField { fields }));
    }
    all
}

/// One row of the page for all fields of a look-up.
const HIDDEN: &str = "a field is hidden";

/// Not on the page, since some of these rows are right for whom the page is about.
const OTHER: &str = "the row of somebody else";

async fn stage() -> Stage {
    let stage = Stage::start().await;
    stage.put(records()).await;
    stage
}

async fn asked(stage: &Stage, user: usize, asked: &[&str]) -> Vec<Entitlement> {
    let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
    ask_about(&stage.cmdb(), &profile(), &id(user), &asked).await
}

/// Nobody is entitled who should not be: asked for all at once and, where rows are other ones, one by one.
async fn nobody_else(stage: &Stage, fault: &str, alone: bool) {
    for (user, resources) in NEVER {
        let each = resources.chunks(1).filter(|_| alone);
        for some in each.chain([resources]) {
            for (answer, text) in asked(stage, user, some).await.iter().zip(some) {
                assert!(!answer.entitled(), "{user:x} {text} {fault}: {answer:?}");
            }
        }
    }
}

/// What each fault of a look-up comes to, by its name.
async fn column(step: Step) -> Vec<(String, String)> {
    let stage = stage().await;
    let whole = asked(&stage, step.user, &[step.asked]).await;
    assert!(whole[0].entitled(), "{}: {:?}", step.table, whole[0]);
    let mut cells: Vec<(String, String)> = Vec::new();
    for (name, kind) in faults(&step) {
        let fault = json!({"table": step.table, "count": 0, "fault": kind});
        stage.fault(fault).await;
        let answer = asked(&stage, step.user, &[step.asked]).await.remove(0);
        let code = match answer.known() || answer.retryable() {
            true => answer.code().as_str().to_owned(),
            false => format!("{} (not known)", answer.code().as_str()),
        };
        let alone = name.ends_with("_row") || name == OTHER;
        nobody_else(&stage, &format!("{} {name}", step.table), alone).await;
        stage.mend().await;
        if name == OTHER {
            continue;
        }
        match cells.last_mut() {
            Some((last, codes)) if *last == name => {
                if !codes.split(", ").any(|one| one == code) {
                    let _ = write!(codes, ", {code}");
                }
            }
            _ => cells.push((name, code)),
        }
    }
    cells
}

fn page(columns: &[(&str, Vec<(String, String)>)]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for some in columns.chunks(4) {
        let tables: Vec<String> = some
            .iter()
            .map(|(table, _)| format!(" `{table}` |"))
            .collect();
        let lines = "---|".repeat(some.len());
        let _ = write!(page, "\n| fault |{}\n|---|{lines}\n", tables.concat());
        for (row, (name, _)) in some[0].1.iter().enumerate() {
            let cells = some.iter().map(|(_, cells)| format!(" {} |", cells[row].1));
            let _ = writeln!(page, "| {name} |{}", cells.collect::<String>());
        }
    }
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_entitles_anybody() {
    let unbroken = stage().await;
    nobody_else(&unbroken, "unbroken", true).await;
    let tables = STEPS.map(|step| step.table);
    let columns = STEPS.map(|step| tokio::spawn(column(step)));
    let mut made = Vec::new();
    for (table, column) in tables.into_iter().zip(columns) {
        made.push((table, column.await.unwrap()));
    }
    let page = page(&made);
    if std::env::var_os("UPDATE_ENTITLEMENT_FAULTS").is_some() {
        std::fs::write(PAGE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        page == kept,
        "docs/entitlement-faults.md says something else:\n{page}"
    );
}
