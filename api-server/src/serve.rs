//! Request routing.

use std::{
    cell::RefCell,
    sync::{Arc, MutexGuard},
};

use http::{HeaderMap, Method, Response, header, request::Parts};
use serde_json::Value;

use super::{
    ApiServer,
    answer::{Answer, Body, refusal},
    apply::Outcome,
    delete::Deleted,
    discovery,
    object::Object,
    open_api,
    path::{Route, Target},
    protobuf,
    query::Query,
    resource::{Resource, learnt},
    reviews,
    state::{Call, State, require_json},
    status::StatusError,
    update::Part,
    view::View,
    watch::Watch,
};

impl ApiServer {
    /// Answers a request whose body has arrived.
    pub(super) fn answer(&self, parts: &Parts, body: Vec<u8>) -> Response<Body> {
        let answer = match Route::read(parts.uri.path()) {
            Route::Objects(target) => self.about_objects(parts, target, body),
            _ if parts.method != Method::GET => Err(StatusError::method_not_allowed()),
            Route::Discovery(question) => discovery::answer(&self.state().resources, &question).map(Answer::ok),
            Route::OpenApi(None) => Ok(Answer::ok(open_api::paths(&self.state().resources))),
            Route::OpenApi(Some(asked)) => open_api::document(&self.state().resources, &asked).map(Answer::ok),
            Route::Version => Ok(Answer::ok(discovery::version())),
            Route::Health => Ok(Answer::Text("ok")),
            Route::Unknown => Err(StatusError::no_such_path()),
        };
        answer.map_or_else(|error| refusal(&error), Answer::into_response)
    }

    fn about_objects(&self, parts: &Parts, target: Target, body: Vec<u8>) -> Result<Answer, StatusError> {
        let query = Query::read(parts.uri.query().unwrap_or_default())?;
        let accept = header_text(&parts.headers, header::ACCEPT);
        let view = View::negotiate(accept, query.include_object)?;
        let content_type = media_type(header_text(&parts.headers, header::CONTENT_TYPE));
        let (content_type, body) = as_json(content_type, body)?;
        let resource = self.resource(&parts.method, &target, content_type, &body)?;
        let now = self.now();
        let user_agent = header_text(&parts.headers, header::USER_AGENT).into();
        let content_type = content_type.into();
        let warnings = RefCell::default();
        let mut call = Call { resource, target, query, content_type, body, user_agent, warnings, now };
        let answer = self.about_call(parts, &mut call, view)?;
        Ok(answer.with_warnings(call.warnings.into_inner()))
    }

    fn about_call(&self, parts: &Parts, call: &mut Call, view: View) -> Result<Answer, StatusError> {
        let now = call.now;
        if let Some(subresource) = call.target.subresource.clone() {
            return self.about_a_part(&parts.method, call, &subresource, view);
        }
        if reviews::is_review(&call.resource) {
            return only_post(&parts.method).and_then(|()| reviews::answer(call)).map(Answer::created);
        }
        let mut state = self.state();
        let shown = |object: Arc<Object>| view.object(&call.resource, &object, now);
        match (parts.method.as_str(), call.target.name.is_some()) {
            ("GET", _) if call.query.watch.is_some() => {
                drop(state);
                self.watch(call, view)
            }
            ("GET", true) => state.existing(call).map(shown).map(Answer::ok),
            ("GET", false) => state.list(call).map(|list| Answer::JsonText(view.list(&call.resource, &list, now))),
            ("POST", false) if !is_out_of_place(call) => state.create(call).map(shown).map(Answer::created),
            ("PUT", true) => state.replace(call, Part::Main).map(shown).map(Answer::ok),
            ("PATCH", true) if call.is_apply() => {
                let outcome = state.apply(call, Part::Main)?;
                let shown = |object| view.object(&call.resource, &object, now);
                Ok(match outcome {
                    Outcome::Created(object) => Answer::created(shown(object)),
                    Outcome::Changed(object) => Answer::ok(shown(object)),
                })
            }
            ("PATCH", true) => state.patch(call, Part::Main).map(shown).map(Answer::ok),
            ("DELETE", true) => {
                let deleted = state.delete(call)?;
                Ok(Answer::ok(deleted_document(deleted, call, view)))
            }
            ("DELETE", false) if !is_out_of_place(call) => {
                let list = state.delete_collection(call)?;
                Ok(Answer::JsonText(view.list(&call.resource, &list, now)))
            }
            _ => Err(StatusError::method_not_allowed()),
        }
    }

    /// Handles a subresource.
    fn about_a_part(&self, method: &Method, call: &mut Call, part: &str, view: View) -> Result<Answer, StatusError> {
        let is_pod = call.resource.is("", "pods");
        let mut state = self.state();
        let part = match part {
            "status" if call.resource.has_status() => Part::Status,
            "ephemeralcontainers" if is_pod => Part::EphemeralContainers,
            "resize" if is_pod => Part::Resize,
            "binding" if is_pod => return only_post(method).and_then(|()| state.bind(call)).map(Answer::created),
            "eviction" if is_pod => return only_post(method).and_then(|()| state.evict(call)).map(Answer::created),
            "finalize" if call.resource.is("", "namespaces") && method == Method::PUT => {
                let finalized = state.finalize_namespace(call)?;
                return Ok(Answer::ok(view.object(&call.resource, &finalized, call.now)));
            }
            "scale" if call.resource.scale.is_some() => return state.about_scale(method, call).map(Answer::ok),
            other => return Err(missing_part(&call.resource, other)),
        };
        let object = match method.as_str() {
            "GET" => state.existing(call)?,
            "PUT" => state.replace(call, part)?,
            "PATCH" if call.is_apply() => match state.apply(call, part)? {
                Outcome::Created(object) | Outcome::Changed(object) => object,
            },
            "PATCH" => state.patch(call, part)?,
            _ => return Err(StatusError::method_not_allowed()),
        };
        Ok(Answer::ok(view.object(&call.resource, &object, call.now)))
    }

    fn watch(&self, call: &Call, view: View) -> Result<Answer, StatusError> {
        let query = call.query.watch.unwrap_or_default();
        let watch = Watch::begin(&self.shared.state, Arc::clone(&self.shared.now), call, query, view)?;
        Ok(Answer::Watch(Box::new(watch)))
    }

    /// Returns the resource of a path; an undefined custom resource is inferred from its first object.
    fn resource(
        &self,
        method: &Method,
        target: &Target,
        content_type: &str,
        body: &[u8],
    ) -> Result<Arc<Resource>, StatusError> {
        let mut state: MutexGuard<'_, State> = self.state();
        if let Some(resource) = state.resources.find(target) {
            return Ok(resource);
        }
        let is_of_kubernetes =
            |resource: &Resource| resource.group == target.group && resource.origin == super::resource::Origin::BuiltIn;
        if target.group.is_empty() || state.resources.iter().any(is_of_kubernetes) {
            return Err(StatusError::no_such_path());
        }
        if method != Method::POST {
            return Ok(Arc::new(learnt(target, "")));
        }
        require_json(content_type)?;
        let object = Object::parse(body)?;
        if object.text("kind").is_empty() {
            let message =
                "Object 'Kind' is missing: this resource is not defined, so its first object must name its kind";
            return Err(StatusError::bad_request(message));
        }
        let resource = learnt(target, object.text("kind"));
        state.resources.add(resource.clone());
        Ok(Arc::new(resource))
    }
}

/// True if a request for namespaced objects names no namespace.
fn is_out_of_place(call: &Call) -> bool {
    call.resource.scope == super::resource::Scope::Namespaced && call.target.namespace.is_none()
}

fn deleted_document(deleted: Deleted, call: &Call, view: View) -> Value {
    match deleted {
        Deleted::Object(object) => view.object(&call.resource, &object, call.now),
        Deleted::Gone(status) => status,
    }
}

fn only_post(method: &Method) -> Result<(), StatusError> {
    if method == Method::POST { Ok(()) } else { Err(StatusError::method_not_allowed()) }
}

/// Refuses requests that a kubelet would answer.
fn missing_part(resource: &Resource, part: &str) -> StatusError {
    let is_of_kubelet = matches!(part, "log" | "exec" | "attach" | "portforward" | "proxy");
    match (&*resource.plural, part) {
        ("pods" | "nodes" | "services", _) if is_of_kubelet => StatusError::not_done_here(&format!(
            "{}/{part} is what a kubelet answers, and there is none",
            resource.plural
        )),
        ("serviceaccounts", "token") => StatusError::not_done_here("tokens, as there is no authentication"),
        _ => StatusError::no_such_path(),
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Decodes a protobuf body, so that all that follows sees JSON.
fn as_json(content_type: &str, body: Vec<u8>) -> Result<(&str, Vec<u8>), StatusError> {
    if content_type != "application/vnd.kubernetes.protobuf" || body.is_empty() {
        return Ok((content_type, body));
    }
    let object = protobuf::decode(&body).map_err(|error| {
        StatusError::unsupported_media_type(format!(
            "the body of the request is no protobuf that the in-memory API server reads: {error} (a Go client sends JSON \
             with rest.Config.ContentType = \"application/json\")"
        ))
    })?;
    Ok(("application/json", object.to_string().into_bytes()))
}

/// Returns a content type without parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}
