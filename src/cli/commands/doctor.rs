//! `co-cred doctor`: every source, what it holds or why not, what is wrong, and what to do.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::credential::{Mode, ObtainOptions};
use crate::env::Env;
use crate::error::Remark;
use crate::http::authorities;
use crate::sources::slots::{Slot, Slots};
use crate::sources::{self, Found, SourceReport};
use crate::token;

use super::{setup, status};
use crate::cli::exit::Outcome;
use crate::cli::messages::clean;
use crate::cli::report::{Report, place};
use crate::cli::{Invocation, args};

pub(super) fn run(invocation: &Invocation, typed: &args::Doctor, out: &mut dyn Write) -> Outcome {
    let options = ObtainOptions { owner: true, ..invocation.options(Mode::Always)? };
    let mut report = Report::new(&options);
    let answers = sources::survey(&options.search);
    report.note_shadowed(&answers);
    let setup = setup::problems(invocation.env, &sources::deployments(&options.search).unwrap_or_default());
    let diagnosis = Diagnosis { env: invocation.env, slots: Slots::read(invocation.env), report, answers, setup };
    match typed.json {
        true => writeln!(out, "{}", diagnosis.json())?,
        false => diagnosis.write(out)?,
    }
    Ok(diagnosis.report.code())
}

struct Diagnosis<'a> {
    env: &'a Env,
    slots: Slots,
    report: Report,
    answers: Vec<SourceReport>,
    /// Problems with the setup of Git and Docker.
    setup: Vec<Remark>,
}

impl Diagnosis<'_> {
    /// The problems, with the reason for the exit code first.
    fn problems(&self) -> Vec<Remark> {
        let mut problems: Vec<Remark> = self.report.error.as_ref().map(Remark::from).into_iter().collect();
        let mut add = |problem: Remark| {
            if problems.iter().all(|known| known.what != problem.what) {
                problems.push(problem);
            }
        };
        for answer in &self.answers {
            match &answer.found {
                // Without what each source would shadow if it came first: the list of shadowed tokens has that.
                Ok(found) => {
                    let remarks = found.iter().flat_map(|found| &found.remarks);
                    remarks.filter(|remark| remark.cause != "shadowed").cloned().for_each(&mut add);
                }
                Err(error) => add(Remark::from(error)),
            }
        }
        self.report.remarks().into_iter().chain(self.slots.remarks().to_vec()).for_each(&mut add);
        self.report.shadowed.iter().map(|place| self.shadowed(&place.place)).for_each(&mut add);
        self.setup.iter().cloned().for_each(&mut add);
        problems
    }

    fn shadowed(&self, place: &str) -> Remark {
        sources::shadowed(place, self.report.chosen.as_ref().map_or("", |found| &found.place.place))
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        status::write(&self.report, out)?;
        writeln!(out, "authorities  {}", authorities(self.env).unwrap_or("the system's"))?;
        writeln!(out, "\nsources, in the order in which they are asked")?;
        for answer in &self.answers {
            let place = &answer.place;
            writeln!(out, "  {:<12} {}: {}", place.kind.word(), clean(&place.place), clean(&self.state(answer)))?;
        }
        if self.slots.iter().next().is_some() {
            writeln!(out, "\nslots of this capsule")?;
        }
        for slot in self.slots.iter() {
            let (state, file) = (slot_state(self.env, slot), slot.file.display().to_string());
            let description = clean(&slot.description);
            writeln!(
                out,
                "  {:<12} {} \"{description}\": {state} ({})",
                clean(&slot.kind),
                slot.variable,
                clean(&file)
            )?;
        }
        let problems = self.problems();
        match problems.len() {
            0 => writeln!(out, "\nno problem found")?,
            1 => writeln!(out, "\n1 problem")?,
            number => writeln!(out, "\n{number} problems")?,
        }
        for problem in &problems {
            writeln!(out, "  {}: {}", problem.cause, clean(&problem.what))?;
            if let Some(hint) = &problem.hint {
                writeln!(out, "    hint: {}", clean(hint))?;
            }
        }
        out.flush()
    }

    /// What a source holds; a source that is asked only in its turn holds the chosen token, or none that is known.
    fn found<'a>(&'a self, answer: &'a SourceReport) -> Option<&'a Found> {
        let chosen = self.report.chosen.as_ref().filter(|found| found.place.kind == answer.place.kind);
        match answer.glance {
            Some(_) => chosen,
            None => answer.found.as_ref().ok()?.as_ref(),
        }
    }

    fn state(&self, answer: &SourceReport) -> String {
        if let (Some(glance), None) = (&answer.glance, self.found(answer)) {
            return glance.clone();
        }
        match (answer.found.as_ref().map(|_| self.found(answer)), &self.report.chosen) {
            (Ok(None), _) => answer.skipped.first().map_or_else(|| "nothing".to_owned(), |remark| remark.what.clone()),
            (Err(error), _) => error.what.clone(),
            (Ok(Some(found)), Some(chosen)) if found.place == chosen.place => {
                format!("{} from {}, used", found.token.fingerprint(), found.place.place)
            }
            (Ok(Some(found)), Some(chosen)) if found.token == chosen.token => {
                format!("the same token in {}", found.place.place)
            }
            (Ok(Some(found)), _) => format!("{} from {}, not used", found.token.fingerprint(), found.place.place),
        }
    }

    fn json(&self) -> Value {
        let mut json = self.report.json();
        json["authorities"] = authorities(self.env).into();
        json["sources"] = self.answers.iter().map(|answer| self.source_json(answer)).collect();
        json["slots"] = self.slots.iter().map(|slot| slot_json(self.env, slot)).collect();
        json["problems"] = self.problems().iter().map(problem_json).collect();
        json
    }

    fn source_json(&self, answer: &SourceReport) -> Value {
        let found = self.found(answer);
        json!({
            "source": place(&answer.place),
            "holds": found.map(|found| json!({"source": place(&found.place), "fingerprint": found.token.fingerprint()})),
            "state": clean(&self.state(answer)),
        })
    }
}

fn slot_json(env: &Env, slot: &Slot) -> Value {
    json!({
        "variable": slot.variable,
        "type": clean(&slot.kind),
        "description": clean(&slot.description),
        "file": clean(&slot.file.display().to_string()),
        "state": slot_state(env, slot),
    })
}

fn problem_json(problem: &Remark) -> Value {
    json!({"cause": problem.cause, "message": clean(&problem.what), "hint": problem.hint.as_deref().map(clean)})
}

fn slot_state(env: &Env, slot: &Slot) -> &'static str {
    match env.get(&slot.variable) {
        Some(value) if token::is_token_like(value.as_encoded_bytes()) => "set, a token",
        Some(_) => "set, but not to a Code Ocean token",
        None if env.has(&slot.variable) => "empty: no secret is attached",
        None => "not set: no secret is attached",
    }
}
