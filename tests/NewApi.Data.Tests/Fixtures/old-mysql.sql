-- The schema of the reference as of April 2025 on MySQL, plus a column and a table that NewApi does not know.

CREATE TABLE `users` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `username` varchar(191) UNIQUE,
  `password` longtext NOT NULL,
  `display_name` varchar(191),
  `role` bigint(20) DEFAULT 1,
  `status` bigint(20) DEFAULT 1,
  `email` varchar(191),
  `github_id` varchar(191),
  `oidc_id` varchar(191),
  `wechat_id` varchar(191),
  `telegram_id` varchar(191),
  `access_token` char(32),
  `quota` bigint(20) DEFAULT 0,
  `used_quota` bigint(20) DEFAULT 0,
  `request_count` bigint(20) DEFAULT 0,
  `group` varchar(64) DEFAULT 'default',
  `aff_code` varchar(32),
  `aff_count` bigint(20) DEFAULT 0,
  `aff_quota` bigint(20) DEFAULT 0,
  `aff_history` bigint(20) DEFAULT 0,
  `inviter_id` bigint(20),
  `deleted_at` datetime(3),
  `linux_do_id` varchar(191),
  `setting` text,
  `house_note` longtext,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `tokens` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20),
  `key` char(48),
  `status` bigint(20) DEFAULT 1,
  `name` varchar(191),
  `created_time` bigint(20),
  `accessed_time` bigint(20),
  `expired_time` bigint(20) DEFAULT -1,
  `remain_quota` bigint(20) DEFAULT 0,
  `unlimited_quota` tinyint(1) DEFAULT 0,
  `model_limits_enabled` tinyint(1) DEFAULT 0,
  `model_limits` varchar(1024) DEFAULT '',
  `allow_ips` varchar(191) DEFAULT '',
  `used_quota` bigint(20) DEFAULT 0,
  `group` varchar(191) DEFAULT '',
  `deleted_at` datetime(3),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `channels` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `type` bigint(20) DEFAULT 0,
  `key` longtext NOT NULL,
  `open_ai_organization` longtext,
  `test_model` longtext,
  `status` bigint(20) DEFAULT 1,
  `name` varchar(191),
  `weight` bigint(20) unsigned DEFAULT 0,
  `created_time` bigint(20),
  `test_time` bigint(20),
  `response_time` bigint(20),
  `base_url` varchar(191) DEFAULT '',
  `other` longtext,
  `balance` double,
  `balance_updated_time` bigint(20),
  `models` longtext,
  `group` varchar(64) DEFAULT 'default',
  `used_quota` bigint(20) DEFAULT 0,
  `model_mapping` text,
  `status_code_mapping` varchar(1024) DEFAULT '',
  `priority` bigint(20) DEFAULT 0,
  `auto_ban` bigint(20) DEFAULT 1,
  `other_info` longtext,
  `tag` varchar(191),
  `setting` text,
  `param_override` text,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `abilities` (
  `group` varchar(64) NOT NULL,
  `model` varchar(255) NOT NULL,
  `channel_id` bigint(20) NOT NULL,
  `enabled` tinyint(1),
  `priority` bigint(20) DEFAULT 0,
  `weight` bigint(20) unsigned DEFAULT 0,
  `tag` varchar(191),
  PRIMARY KEY (`group`, `model`, `channel_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `options` (
  `key` varchar(191) NOT NULL,
  `value` longtext,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `logs` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20),
  `created_at` bigint(20),
  `type` bigint(20),
  `content` longtext,
  `username` varchar(191) DEFAULT '',
  `token_name` varchar(191) DEFAULT '',
  `model_name` varchar(191) DEFAULT '',
  `quota` bigint(20) DEFAULT 0,
  `prompt_tokens` bigint(20) DEFAULT 0,
  `completion_tokens` bigint(20) DEFAULT 0,
  `use_time` bigint(20) DEFAULT 0,
  `is_stream` tinyint(1) DEFAULT 0,
  `channel_id` bigint(20),
  `channel_name` longtext,
  `token_id` bigint(20) DEFAULT 0,
  `group` varchar(191),
  `other` longtext,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `redemptions` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20),
  `key` char(32),
  `status` bigint(20) DEFAULT 1,
  `name` varchar(191),
  `quota` bigint(20) DEFAULT 100,
  `created_time` bigint(20),
  `redeemed_time` bigint(20),
  `used_user_id` bigint(20),
  `deleted_at` datetime(3),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `top_ups` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20),
  `amount` bigint(20),
  `money` double,
  `trade_no` longtext,
  `create_time` bigint(20),
  `status` longtext,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `quota_data` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `user_id` bigint(20),
  `username` varchar(64) DEFAULT '',
  `model_name` varchar(64) DEFAULT '',
  `created_at` bigint(20),
  `token_used` bigint(20) DEFAULT 0,
  `count` bigint(20) DEFAULT 0,
  `quota` bigint(20) DEFAULT 0,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `midjourneys` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `code` bigint(20),
  `user_id` bigint(20),
  `action` varchar(40),
  `mj_id` varchar(191),
  `prompt` longtext,
  `prompt_en` longtext,
  `description` longtext,
  `state` longtext,
  `submit_time` bigint(20),
  `start_time` bigint(20),
  `finish_time` bigint(20),
  `image_url` longtext,
  `status` varchar(20),
  `progress` varchar(30),
  `fail_reason` longtext,
  `channel_id` bigint(20),
  `quota` bigint(20),
  `buttons` longtext,
  `properties` longtext,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `tasks` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `created_at` bigint(20),
  `updated_at` bigint(20),
  `task_id` varchar(50),
  `platform` varchar(30),
  `user_id` bigint(20),
  `channel_id` bigint(20),
  `quota` bigint(20),
  `action` varchar(40),
  `status` varchar(20),
  `fail_reason` longtext,
  `submit_time` bigint(20),
  `start_time` bigint(20),
  `finish_time` bigint(20),
  `progress` varchar(20),
  `properties` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  `data` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `setups` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `version` varchar(50) NOT NULL,
  `initialized_at` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE TABLE `casbin_rules` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `ptype` varchar(100),
  `v0` varchar(100),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;

CREATE UNIQUE INDEX `idx_users_access_token` ON `users` (`access_token`);
CREATE UNIQUE INDEX `idx_users_aff_code` ON `users` (`aff_code`);
CREATE INDEX `idx_users_username` ON `users` (`username`);
CREATE INDEX `idx_users_email` ON `users` (`email`);
CREATE INDEX `idx_users_git_hub_id` ON `users` (`github_id`);
CREATE INDEX `idx_users_we_chat_id` ON `users` (`wechat_id`);
CREATE INDEX `idx_users_oidc_id` ON `users` (`oidc_id`);
CREATE INDEX `idx_users_telegram_id` ON `users` (`telegram_id`);
CREATE INDEX `idx_users_linux_do_id` ON `users` (`linux_do_id`);
CREATE INDEX `idx_users_display_name` ON `users` (`display_name`);
CREATE INDEX `idx_users_inviter_id` ON `users` (`inviter_id`);
CREATE INDEX `idx_users_deleted_at` ON `users` (`deleted_at`);
CREATE UNIQUE INDEX `idx_tokens_key` ON `tokens` (`key`);
CREATE INDEX `idx_tokens_user_id` ON `tokens` (`user_id`);
CREATE INDEX `idx_tokens_name` ON `tokens` (`name`);
CREATE INDEX `idx_tokens_deleted_at` ON `tokens` (`deleted_at`);
CREATE INDEX `idx_channels_name` ON `channels` (`name`);
CREATE INDEX `idx_channels_tag` ON `channels` (`tag`);
CREATE INDEX `idx_abilities_channel_id` ON `abilities` (`channel_id`);
CREATE INDEX `idx_abilities_priority` ON `abilities` (`priority`);
CREATE INDEX `idx_abilities_weight` ON `abilities` (`weight`);
CREATE INDEX `idx_abilities_tag` ON `abilities` (`tag`);
CREATE INDEX `idx_created_at_id` ON `logs` (`id`, `created_at`);
CREATE INDEX `idx_created_at_type` ON `logs` (`created_at`, `type`);
CREATE INDEX `idx_logs_user_id` ON `logs` (`user_id`);
CREATE INDEX `idx_logs_username` ON `logs` (`username`);
CREATE INDEX `idx_logs_token_name` ON `logs` (`token_name`);
CREATE INDEX `idx_logs_model_name` ON `logs` (`model_name`);
CREATE INDEX `index_username_model_name` ON `logs` (`model_name`, `username`);
CREATE INDEX `idx_logs_channel_id` ON `logs` (`channel_id`);
CREATE INDEX `idx_logs_token_id` ON `logs` (`token_id`);
CREATE INDEX `idx_logs_group` ON `logs` (`group`);
CREATE UNIQUE INDEX `idx_redemptions_key` ON `redemptions` (`key`);
CREATE INDEX `idx_redemptions_name` ON `redemptions` (`name`);
CREATE INDEX `idx_redemptions_deleted_at` ON `redemptions` (`deleted_at`);
CREATE INDEX `idx_top_ups_user_id` ON `top_ups` (`user_id`);
CREATE INDEX `idx_quota_data_user_id` ON `quota_data` (`user_id`);
CREATE INDEX `idx_qdt_model_user_name` ON `quota_data` (`model_name`, `username`);
CREATE INDEX `idx_qdt_created_at` ON `quota_data` (`created_at`);
CREATE INDEX `idx_midjourneys_user_id` ON `midjourneys` (`user_id`);
CREATE INDEX `idx_midjourneys_mj_id` ON `midjourneys` (`mj_id`);
CREATE INDEX `idx_midjourneys_status` ON `midjourneys` (`status`);
CREATE INDEX `idx_tasks_task_id` ON `tasks` (`task_id`);
CREATE INDEX `idx_tasks_status` ON `tasks` (`status`);
CREATE INDEX `idx_tasks_user_id` ON `tasks` (`user_id`);
