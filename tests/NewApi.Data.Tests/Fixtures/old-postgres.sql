-- The schema of the reference as of April 2025 on PostgreSQL, plus a column and a table that NewApi does not know.

CREATE TABLE users (
  id bigserial NOT NULL,
  username text UNIQUE,
  password text NOT NULL,
  display_name text,
  role bigint DEFAULT 1,
  status bigint DEFAULT 1,
  email text,
  github_id text,
  oidc_id text,
  wechat_id text,
  telegram_id text,
  access_token char(32),
  quota bigint DEFAULT 0,
  used_quota bigint DEFAULT 0,
  request_count bigint DEFAULT 0,
  "group" varchar(64) DEFAULT 'default',
  aff_code varchar(32),
  aff_count bigint DEFAULT 0,
  aff_quota bigint DEFAULT 0,
  aff_history bigint DEFAULT 0,
  inviter_id bigint,
  deleted_at timestamp with time zone,
  linux_do_id text,
  setting text,
  house_note text,
  PRIMARY KEY (id)
);

CREATE TABLE tokens (
  id bigserial NOT NULL,
  user_id bigint,
  "key" char(48),
  status bigint DEFAULT 1,
  name text,
  created_time bigint,
  accessed_time bigint,
  expired_time bigint DEFAULT -1,
  remain_quota bigint DEFAULT 0,
  unlimited_quota boolean DEFAULT false,
  model_limits_enabled boolean DEFAULT false,
  model_limits varchar(1024) DEFAULT '',
  allow_ips text DEFAULT '',
  used_quota bigint DEFAULT 0,
  "group" text DEFAULT '',
  deleted_at timestamp with time zone,
  PRIMARY KEY (id)
);

CREATE TABLE channels (
  id bigserial NOT NULL,
  type bigint DEFAULT 0,
  "key" text NOT NULL,
  open_ai_organization text,
  test_model text,
  status bigint DEFAULT 1,
  name text,
  weight bigint DEFAULT 0,
  created_time bigint,
  test_time bigint,
  response_time bigint,
  base_url text DEFAULT '',
  other text,
  balance numeric,
  balance_updated_time bigint,
  models text,
  "group" varchar(64) DEFAULT 'default',
  used_quota bigint DEFAULT 0,
  model_mapping text,
  status_code_mapping varchar(1024) DEFAULT '',
  priority bigint DEFAULT 0,
  auto_ban bigint DEFAULT 1,
  other_info text,
  tag text,
  setting text,
  param_override text,
  PRIMARY KEY (id)
);

CREATE TABLE abilities (
  "group" varchar(64) NOT NULL,
  model varchar(255) NOT NULL,
  channel_id bigint NOT NULL,
  enabled boolean,
  priority bigint DEFAULT 0,
  weight bigint DEFAULT 0,
  tag text,
  PRIMARY KEY ("group", model, channel_id)
);

CREATE TABLE options (
  "key" text NOT NULL,
  value text,
  PRIMARY KEY ("key")
);

CREATE TABLE logs (
  id bigserial NOT NULL,
  user_id bigint,
  created_at bigint,
  type bigint,
  content text,
  username text DEFAULT '',
  token_name text DEFAULT '',
  model_name text DEFAULT '',
  quota bigint DEFAULT 0,
  prompt_tokens bigint DEFAULT 0,
  completion_tokens bigint DEFAULT 0,
  use_time bigint DEFAULT 0,
  is_stream boolean DEFAULT false,
  channel_id bigint,
  channel_name text,
  token_id bigint DEFAULT 0,
  "group" text,
  other text,
  PRIMARY KEY (id)
);

CREATE TABLE redemptions (
  id bigserial NOT NULL,
  user_id bigint,
  "key" char(32),
  status bigint DEFAULT 1,
  name text,
  quota bigint DEFAULT 100,
  created_time bigint,
  redeemed_time bigint,
  used_user_id bigint,
  deleted_at timestamp with time zone,
  PRIMARY KEY (id)
);

CREATE TABLE top_ups (
  id bigserial NOT NULL,
  user_id bigint,
  amount bigint,
  money numeric,
  trade_no text,
  create_time bigint,
  status text,
  PRIMARY KEY (id)
);

CREATE TABLE quota_data (
  id bigserial NOT NULL,
  user_id bigint,
  username varchar(64) DEFAULT '',
  model_name varchar(64) DEFAULT '',
  created_at bigint,
  token_used bigint DEFAULT 0,
  count bigint DEFAULT 0,
  quota bigint DEFAULT 0,
  PRIMARY KEY (id)
);

CREATE TABLE midjourneys (
  id bigserial NOT NULL,
  code bigint,
  user_id bigint,
  action varchar(40),
  mj_id text,
  prompt text,
  prompt_en text,
  description text,
  state text,
  submit_time bigint,
  start_time bigint,
  finish_time bigint,
  image_url text,
  status varchar(20),
  progress varchar(30),
  fail_reason text,
  channel_id bigint,
  quota bigint,
  buttons text,
  properties text,
  PRIMARY KEY (id)
);

CREATE TABLE tasks (
  id bigserial NOT NULL,
  created_at bigint,
  updated_at bigint,
  task_id varchar(50),
  platform varchar(30),
  user_id bigint,
  channel_id bigint,
  quota bigint,
  action varchar(40),
  status varchar(20),
  fail_reason text,
  submit_time bigint,
  start_time bigint,
  finish_time bigint,
  progress varchar(20),
  properties json,
  data json,
  PRIMARY KEY (id)
);

CREATE TABLE setups (
  id bigserial NOT NULL,
  version varchar(50) NOT NULL,
  initialized_at bigint NOT NULL,
  PRIMARY KEY (id)
);

CREATE TABLE casbin_rules (
  id bigserial NOT NULL,
  ptype varchar(100),
  v0 varchar(100),
  PRIMARY KEY (id)
);

CREATE UNIQUE INDEX idx_users_access_token ON users (access_token);
CREATE UNIQUE INDEX idx_users_aff_code ON users (aff_code);
CREATE INDEX idx_users_username ON users (username);
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_git_hub_id ON users (github_id);
CREATE INDEX idx_users_we_chat_id ON users (wechat_id);
CREATE INDEX idx_users_oidc_id ON users (oidc_id);
CREATE INDEX idx_users_telegram_id ON users (telegram_id);
CREATE INDEX idx_users_linux_do_id ON users (linux_do_id);
CREATE INDEX idx_users_display_name ON users (display_name);
CREATE INDEX idx_users_inviter_id ON users (inviter_id);
CREATE INDEX idx_users_deleted_at ON users (deleted_at);
CREATE UNIQUE INDEX idx_tokens_key ON tokens ("key");
CREATE INDEX idx_tokens_user_id ON tokens (user_id);
CREATE INDEX idx_tokens_name ON tokens (name);
CREATE INDEX idx_tokens_deleted_at ON tokens (deleted_at);
CREATE INDEX idx_channels_name ON channels (name);
CREATE INDEX idx_channels_tag ON channels (tag);
CREATE INDEX idx_abilities_channel_id ON abilities (channel_id);
CREATE INDEX idx_abilities_priority ON abilities (priority);
CREATE INDEX idx_abilities_weight ON abilities (weight);
CREATE INDEX idx_abilities_tag ON abilities (tag);
CREATE INDEX idx_created_at_id ON logs (id, created_at);
CREATE INDEX idx_created_at_type ON logs (created_at, type);
CREATE INDEX idx_logs_user_id ON logs (user_id);
CREATE INDEX idx_logs_username ON logs (username);
CREATE INDEX idx_logs_token_name ON logs (token_name);
CREATE INDEX idx_logs_model_name ON logs (model_name);
CREATE INDEX index_username_model_name ON logs (model_name, username);
CREATE INDEX idx_logs_channel_id ON logs (channel_id);
CREATE INDEX idx_logs_token_id ON logs (token_id);
CREATE INDEX idx_logs_group ON logs ("group");
CREATE UNIQUE INDEX idx_redemptions_key ON redemptions ("key");
CREATE INDEX idx_redemptions_name ON redemptions (name);
CREATE INDEX idx_redemptions_deleted_at ON redemptions (deleted_at);
CREATE INDEX idx_top_ups_user_id ON top_ups (user_id);
CREATE INDEX idx_quota_data_user_id ON quota_data (user_id);
CREATE INDEX idx_qdt_model_user_name ON quota_data (model_name, username);
CREATE INDEX idx_qdt_created_at ON quota_data (created_at);
CREATE INDEX idx_midjourneys_user_id ON midjourneys (user_id);
CREATE INDEX idx_midjourneys_mj_id ON midjourneys (mj_id);
CREATE INDEX idx_midjourneys_status ON midjourneys (status);
CREATE INDEX idx_tasks_task_id ON tasks (task_id);
CREATE INDEX idx_tasks_status ON tasks (status);
CREATE INDEX idx_tasks_user_id ON tasks (user_id);
