use super::{Repositories, State, page_of};
use crate::{
    accounts::{
        ApiKey, ApiKeyReader, ApiKeyRepository, CodePurpose, CodeRepository, Email, EventReader,
        EventRepository, Identity, IdentityReader, IdentityRepository, IssuedCode, LinkedIdentity, Network,
        OutgoingMail, OutgoingMailReader, OutgoingMailRepository, PresentedToken, RateLimitKey,
        RateLimitReader, RateLimitRepository, RateLimitWindow, SecurityEvent, Session, SessionReader,
        SessionRepository, TokenDigest, User, UserReader, UserRepository, UserSearch, Username,
    },
    clock::Timestamp,
    ids::{ApiKeyId, SessionId, UserId},
    page::{Page, PageRequest},
    store::{Conflict, StoreError},
};
use async_trait::async_trait;

impl State {
    /// Returns the conflict of a user's name or address with those of others.
    fn check_unique(&self, user: &User) -> Result<(), StoreError> {
        let mut others = self.users.values().filter(|other| other.id != user.id);
        let conflict = others.find_map(|other| {
            if other.username.key() == user.username.key() {
                Some(Conflict::Username)
            } else {
                (other.email.key() == user.email.key()).then_some(Conflict::Email)
            }
        });
        conflict.map_or(Ok(()), |conflict| Err(StoreError::Conflict(conflict)))
    }

    fn delete_sessions(&mut self, matches: impl Fn(&Session) -> bool) -> u64 {
        let before = self.sessions.len();
        self.sessions.retain(|_, session| !matches(session));
        let Self {
            sessions,
            spent_tokens,
            ..
        } = self;
        spent_tokens.retain(|(_, session, _)| sessions.contains_key(session));
        (before - self.sessions.len()) as u64
    }
}

#[async_trait]
impl UserReader for Repositories {
    async fn find_by_username(&self, username: &Username) -> Result<Option<User>, StoreError> {
        let state = self.state();
        let found = state
            .users
            .values()
            .find(|user| user.username.key() == username.key());
        Ok(found.cloned())
    }

    async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError> {
        let state = self.state();
        let found = state.users.values().find(|user| user.email.key() == email.key());
        Ok(found.cloned())
    }

    async fn list(&self, matching: Option<UserSearch>, page: PageRequest) -> Result<Page<User>, StoreError> {
        let matches = |user: &User| {
            matching.as_ref().is_none_or(|search| {
                user.username.key().contains(&search.username_part())
                    || user.email.key().contains(&search.email_part())
            })
        };
        Ok(page_of(self.state().users.iter(), page, matches, |user| {
            user.id.0
        }))
    }
}

#[async_trait]
impl UserRepository for Repositories {
    async fn lock(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().users.get(&id.0).cloned())
    }

    async fn insert(&self, user: &User) -> Result<(), StoreError> {
        let mut state = self.state();
        state.check_unique(user)?;
        state.users.insert(user.id.0, user.clone());
        Ok(())
    }

    async fn update(&self, user: &User) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(user.id)?;
        state.check_unique(user)?;
        state.users.insert(user.id.0, user.clone());
        Ok(())
    }

    async fn delete(&self, id: UserId) -> Result<(), StoreError> {
        let mut state = self.state();
        state.users.remove(&id.0);
        state.delete_sessions(|session| session.user_id == id);
        state.api_keys.retain(|_, key| key.user_id != id);
        state.identities.retain(|linked| linked.user_id != id);
        state.login_networks.retain(|(user, _), _| *user != id);
        state.codes.retain(|code| code.user_id != id);
        state
            .outgoing_mails
            .retain(|_, (mail, _)| mail.user_id != Some(id));
        state.faces.remove(&id);
        state.tasks.retain(|_, row| row.task.owner_id != id);
        state.idempotency_keys.retain(|row| row.key.user != id);
        state
            .predictions
            .retain(|_, prediction| prediction.owner_id != id);
        state.delete_images(|image| image.owner_id == id);
        Ok(())
    }
}

#[async_trait]
impl SessionReader for Repositories {
    async fn find_user(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let state = self.state();
        let session = state
            .sessions
            .get(&id.0)
            .filter(|session| session.expires_at > now);
        Ok(session
            .and_then(|session| state.users.get(&session.user_id.0))
            .cloned())
    }

    async fn list(
        &self,
        user: UserId,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        let matches = |session: &Session| session.user_id == user && session.expires_at > now;
        Ok(page_of(self.state().sessions.iter(), page, matches, |session| {
            session.id.0
        }))
    }
}

#[async_trait]
impl SessionRepository for Repositories {
    async fn insert(&self, session: &Session) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(session.user_id)?;
        state.sessions.insert(session.id.0, session.clone());
        Ok(())
    }

    async fn lock_presented(
        &self,
        token: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<PresentedToken>, StoreError> {
        let state = self.state();
        let mut alive = state.sessions.values().filter(|session| session.expires_at > now);
        if let Some(session) = alive.find(|session| session.refresh_token_digest == *token) {
            return Ok(Some(PresentedToken::Current(session.clone())));
        }
        let spent = state.spent_tokens.iter().find(|(digest, ..)| digest == token);
        Ok(spent.and_then(|(_, session, spent_at)| {
            let session = state
                .sessions
                .get(session)
                .filter(|session| session.expires_at > now)?;
            Some(if session.last_used_at == *spent_at {
                PresentedToken::Previous(session.clone(), *spent_at)
            } else {
                PresentedToken::Older(session.clone())
            })
        }))
    }

    async fn renew(&self, renewed: &Session, spent: &TokenDigest) -> Result<(), StoreError> {
        let mut state = self.state();
        let current = state.sessions.get_mut(&renewed.id.0);
        let current = current.filter(|session| session.refresh_token_digest == *spent);
        *current.ok_or(StoreError::OwnerDeleted)? = renewed.clone();
        let spent = (spent.clone(), renewed.id.0, renewed.last_used_at);
        state.spent_tokens.push(spent);
        Ok(())
    }

    async fn delete(&self, user: UserId, id: SessionId) -> Result<bool, StoreError> {
        let deleted = self
            .state()
            .delete_sessions(|session| session.user_id == user && session.id == id);
        Ok(deleted > 0)
    }

    async fn delete_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64, StoreError> {
        let matches = |session: &Session| session.user_id == user && Some(session.id) != except;
        Ok(self.state().delete_sessions(matches))
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        Ok(self.state().delete_sessions(|session| session.expires_at <= now))
    }
}

#[async_trait]
impl ApiKeyReader for Repositories {
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, StoreError> {
        let matches = |key: &ApiKey| key.user_id == user;
        Ok(page_of(self.state().api_keys.iter(), page, matches, |key| {
            key.id.0
        }))
    }

    async fn count(&self, user: UserId) -> Result<u64, StoreError> {
        Ok(self
            .state()
            .api_keys
            .values()
            .filter(|key| key.user_id == user)
            .count() as u64)
    }

    async fn find_user(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<Option<(ApiKey, User)>, StoreError> {
        let state = self.state();
        let mut keys = state.api_keys.values();
        let found = keys.find(|key| key.digest == *digest && key.expires_at.is_none_or(|end| end > now));
        Ok(found.and_then(|key| Some((key.clone(), state.users.get(&key.user_id.0)?.clone()))))
    }
}

#[async_trait]
impl ApiKeyRepository for Repositories {
    async fn insert(&self, key: &ApiKey) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(key.user_id)?;
        state.api_keys.insert(key.id.0, key.clone());
        Ok(())
    }

    async fn touch(&self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
        if let Some(key) = self.state().api_keys.get_mut(&id.0) {
            key.last_used_at = Some(now);
        }
        Ok(())
    }

    async fn delete(&self, user: UserId, id: ApiKeyId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let owned = state.api_keys.get(&id.0).is_some_and(|key| key.user_id == user);
        Ok(owned && state.api_keys.remove(&id.0).is_some())
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.api_keys.len();
        state.api_keys.retain(|_, key| key.user_id != user);
        Ok((before - state.api_keys.len()) as u64)
    }
}

#[async_trait]
impl IdentityReader for Repositories {
    async fn find_user(&self, identity: &Identity) -> Result<Option<(LinkedIdentity, User)>, StoreError> {
        let state = self.state();
        let found = state
            .identities
            .iter()
            .find(|linked| linked.identity == *identity);
        Ok(found.and_then(|linked| Some((linked.clone(), state.users.get(&linked.user_id.0)?.clone()))))
    }
}

#[async_trait]
impl IdentityRepository for Repositories {
    async fn insert(&self, linked: &LinkedIdentity) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(linked.user_id)?;
        if state
            .identities
            .iter()
            .any(|other| other.identity == linked.identity)
        {
            return Err(StoreError::Conflict(Conflict::Identity));
        }
        state.identities.push(linked.clone());
        Ok(())
    }

    async fn touch(&self, identity: &Identity, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(linked) = state
            .identities
            .iter_mut()
            .find(|linked| linked.identity == *identity)
        {
            linked.last_used_at = now;
        }
        Ok(())
    }

    async fn delete_all(&self, user: UserId) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.identities.len();
        state.identities.retain(|linked| linked.user_id != user);
        Ok((before - state.identities.len()) as u64)
    }
}

#[async_trait]
impl RateLimitReader for Repositories {
    async fn find_count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
    ) -> Result<Option<RateLimitWindow>, StoreError> {
        let window = self.state().rate_limits.get(&counter.0).copied();
        Ok(window.filter(|window| window.ends_at > now))
    }

    async fn has_logged_in(&self, user: UserId, network: Network) -> Result<bool, StoreError> {
        Ok(self
            .state()
            .login_networks
            .contains_key(&(user, network.to_string())))
    }
}

#[async_trait]
impl RateLimitRepository for Repositories {
    async fn count(
        &self,
        counter: &RateLimitKey,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<RateLimitWindow, StoreError> {
        let mut state = self.state();
        let fresh = RateLimitWindow {
            count: 0,
            ends_at: until,
        };
        let window = state.rate_limits.entry(counter.0).or_insert(fresh);
        if window.ends_at <= now {
            *window = fresh;
        }
        window.count += 1;
        Ok(*window)
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.rate_limits.len();
        state.rate_limits.retain(|_, window| window.ends_at > now);
        Ok((before - state.rate_limits.len()) as u64)
    }

    async fn record_login(&self, user: UserId, network: Network, now: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(user)?;
        state.login_networks.insert((user, network.to_string()), now);
        Ok(())
    }

    async fn delete_logins_before(&self, moment: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.login_networks.len();
        state.login_networks.retain(|_, last| *last >= moment);
        Ok((before - state.login_networks.len()) as u64)
    }
}

fn same_code(one: &IssuedCode, other: &IssuedCode) -> bool {
    (one.user_id, one.purpose, one.id) == (other.user_id, other.purpose, other.id)
}

#[async_trait]
impl CodeRepository for Repositories {
    async fn put(&self, code: &IssuedCode) -> Result<(), StoreError> {
        let mut state = self.state();
        state.require_user(code.user_id)?;
        state
            .codes
            .retain(|other| (other.user_id, other.purpose) != (code.user_id, code.purpose));
        state.codes.push(code.clone());
        Ok(())
    }

    async fn take_attempt(
        &self,
        user: UserId,
        purpose: CodePurpose,
        now: Timestamp,
    ) -> Result<Option<IssuedCode>, StoreError> {
        let mut state = self.state();
        let mut codes = state.codes.iter_mut();
        let found = codes.find(|code| (code.user_id, code.purpose) == (user, purpose));
        let found = found.filter(|code| code.attempts_left > 0 && code.expires_at > now);
        Ok(found.map(|code| {
            code.attempts_left -= 1;
            code.clone()
        }))
    }

    async fn return_attempt(&self, code: &IssuedCode) -> Result<(), StoreError> {
        if let Some(code) = self.state().codes.iter_mut().find(|other| same_code(code, other)) {
            code.attempts_left += 1;
        }
        Ok(())
    }

    async fn spend(&self, code: &IssuedCode) -> Result<bool, StoreError> {
        let mut state = self.state();
        let before = state.codes.len();
        state.codes.retain(|other| !same_code(code, other));
        Ok(state.codes.len() < before)
    }

    async fn revoke(&self, user: UserId, purpose: CodePurpose) -> Result<(), StoreError> {
        self.state()
            .codes
            .retain(|code| (code.user_id, code.purpose) != (user, purpose));
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.codes.len();
        state.codes.retain(|code| code.expires_at > now);
        Ok((before - state.codes.len()) as u64)
    }
}

#[async_trait]
impl OutgoingMailReader for Repositories {
    async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError> {
        Ok(self
            .state()
            .outgoing_mails
            .values()
            .any(|(_, due_at)| *due_at <= now))
    }

    async fn is_superseded(&self, order: &OutgoingMail) -> Result<bool, StoreError> {
        let state = self.state();
        let mut mails = state.outgoing_mails.values();
        Ok(mails.any(|(other, _)| {
            order.user_id.is_some()
                && (other.user_id, other.purpose) == (order.user_id, order.purpose)
                && other.id > order.id
        }))
    }
}

impl State {
    /// The mail and its due time, unless it was claimed again since.
    fn claimed_mail(&mut self, order: &OutgoingMail) -> Option<&mut (OutgoingMail, Timestamp)> {
        let found = self.outgoing_mails.get_mut(&order.id.0);
        found.filter(|(mail, _)| mail.attempts == order.attempts)
    }
}

#[async_trait]
impl OutgoingMailRepository for Repositories {
    async fn insert(&self, order: &OutgoingMail) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(user) = order.user_id {
            state.require_user(user)?;
        }
        state
            .outgoing_mails
            .insert(order.id.0, (order.clone(), order.created_at));
        Ok(())
    }

    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<OutgoingMail>, StoreError> {
        let mut state = self.state();
        let due = state
            .outgoing_mails
            .values_mut()
            .filter(|(_, due_at)| *due_at <= now);
        let first = due.min_by_key(|(_, due_at)| *due_at);
        Ok(first.map(|(mail, due_at)| {
            mail.attempts += 1;
            *due_at = until;
            mail.clone()
        }))
    }

    async fn postpone(&self, order: &OutgoingMail, until: Timestamp) -> Result<(), StoreError> {
        if let Some((_, due_at)) = self.state().claimed_mail(order) {
            *due_at = until;
        }
        Ok(())
    }

    async fn remove(&self, order: &OutgoingMail) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.claimed_mail(order).is_some() {
            state.outgoing_mails.remove(&order.id.0);
        }
        Ok(())
    }
}

#[async_trait]
impl EventReader for Repositories {
    async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, StoreError> {
        let matches = |event: &SecurityEvent| event.user_id == Some(user);
        Ok(page_of(self.state().events.iter(), page, matches, |event| {
            event.id.0
        }))
    }
}

#[async_trait]
impl EventRepository for Repositories {
    async fn record(&self, event: &SecurityEvent) -> Result<(), StoreError> {
        self.state().events.insert(event.id.0, event.clone());
        Ok(())
    }

    async fn delete_all(&self, user: UserId) -> Result<(), StoreError> {
        self.state().events.retain(|_, event| event.user_id != Some(user));
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError> {
        let mut state = self.state();
        let before = state.events.len();
        state.events.retain(|_, event| event.expires_at() > now);
        Ok((before - state.events.len()) as u64)
    }
}
