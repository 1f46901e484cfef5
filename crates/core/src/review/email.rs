//! The e-mail to an approver: what is requested, and one link to the page where it is decided.
//!
//! The e-mail decides nothing: mail scanners open links, so the link only shows a page.

use askama::Template;

use super::Review;
use crate::email::Email;

#[derive(Template)]
#[template(path = "review_email.txt", escape = "none")]
struct ReviewEmailText<'a> {
    review: &'a Review,
    link: &'a str,
    reminder: bool,
}

#[derive(Template)]
#[template(path = "review_email.html")]
struct ReviewEmailHtml<'a> {
    heading: &'a str,
    review: &'a Review,
    link: &'a str,
    reminder: bool,
}

impl Review {
    /// The e-mail that asks for a decision, around the link.
    ///
    /// # Errors
    /// Where a template cannot be filled, which needs memory to run out.
    pub fn email(&self, link: &str) -> Result<Email, askama::Error> {
        self.write("Approval needed", link, false)
    }

    /// The same e-mail as a reminder, around another link.
    ///
    /// # Errors
    /// Where a template cannot be filled, which needs memory to run out.
    pub fn reminder(&self, link: &str) -> Result<Email, askama::Error> {
        self.write("Reminder: approval needed", link, true)
    }

    fn write(&self, what: &str, link: &str, reminder: bool) -> Result<Email, askama::Error> {
        Ok(Email {
            subject: format!("{what}: {}", self.subject.brief()),
            text: ReviewEmailText {
                review: self,
                link,
                reminder,
            }
            .render()?,
            html: ReviewEmailHtml {
                heading: &self.heading,
                review: self,
                link,
                reminder,
            }
            .render()?,
        })
    }
}
