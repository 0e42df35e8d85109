-- Rows for all engines. Marks: {deleted} a moment of deletion, {json …} a JSON value as the engine's reference stored it.
-- Passwords are those of the user names: fixture-root-1, fixture-maya-1, fixture-nils-1.

INSERT INTO "users" ("id","username","password","display_name","role","status","email","github_id","oidc_id","wechat_id","telegram_id","access_token","quota","used_quota","request_count","group","aff_code","aff_count","aff_quota","aff_history","inviter_id","deleted_at","linux_do_id","setting","house_note") VALUES
 (1,'root','$2a$04$aWl96Ve8V1QHd2TIsN4A8.mqKSKyTwor7NxeU4ENYIeKhnK8YUmVW','Root',100,1,'','','','','',NULL,7500000000,120,3,'default','',0,0,0,0,NULL,'','','kept'),
 (2,'maya','$2a$04$C0LrfuMvEELsFtp9IJRfYO81rqh3Br269htgjy8xdMfOnYEs6Dvj2','Maya 花',1,1,'maya@fixture.test','','','','','q8vT0mRr1YbXn3wKcZ5dLp7sHg2=',480000,20500,17,'vip','Mx7Q',1,2500,2500,0,NULL,'','{"notify_type":"email","quota_warning_threshold":2000,"house_key":{"a":[1,2]}}',NULL),
 (3,'nils','$2a$04$K4WU2LeQ5QDVNV/v7hno3.mp8FFb/7xUrh4R2d6vqQpyNU3YKSH2.','Nils',10,2,NULL,NULL,NULL,NULL,NULL,NULL,-37,37,1,'default','Nn2z',0,0,0,2,NULL,NULL,NULL,NULL),
 (5,'gone','','Gone',1,1,'gone@fixture.test','','','','',NULL,900,0,0,'default','Gg9k',0,0,0,NULL,{deleted},'','',NULL);

INSERT INTO "tokens" ("id","user_id","key","status","name","created_time","accessed_time","expired_time","remain_quota","unlimited_quota","model_limits_enabled","model_limits","allow_ips","used_quota","group","deleted_at") VALUES
 (1,2,'Fx1aB2cD3eF4gH5iJ6kL7mN8oP9qR0sT1uV2wX3yZ4aB5cD6',1,'daily',1740000000,1740003600,-1,310000,FALSE,FALSE,'','',20463,'',NULL),
 (2,2,'Fx2zY9xW8vU7tS6rQ5pO4nM3lK2jI1hG0fE9dC8bA7zY6xW5',1,'limits',1740000100,1740000100,1900000000,-12,TRUE,TRUE,'gpt-4o,claude-3-5-sonnet-20241022','10.1.2.3',37,'vip',NULL),
 (3,1,'short-old.key_with+other/characters',2,'odd',NULL,NULL,-1,0,TRUE,FALSE,'',NULL,0,'',NULL),
 (4,5,'Fx4ownedBySomebodyGone4gH5iJ6kL7mN8oP9qR0sT1uV2w',1,'orphan',1740000200,1740000200,-1,5,FALSE,FALSE,'','',0,'',NULL),
 (7,2,'Fx7deletedDeletedDeleted5iJ6kL7mN8oP9qR0sT1uV2wX',1,'removed',1740000300,1740000300,-1,5,FALSE,FALSE,'','',0,'',{deleted});

INSERT INTO "channels" ("id","type","key","open_ai_organization","test_model","status","name","weight","created_time","test_time","response_time","base_url","other","balance","balance_updated_time","models","group","used_quota","model_mapping","status_code_mapping","priority","auto_ban","other_info","tag","setting","param_override") VALUES
 (1,1,'sk-fixture-one',NULL,'gpt-4o-mini',1,'first',3,1739990000,1739990500,412,'http://127.0.0.1:9','',12.5,1739990600,'gpt-4o,gpt-4o-mini','default,vip',20100,'{"my-gpt":"gpt-4o"}','{"429":"500"}',5,1,'{"status_reason":""}','blue','{"proxy":""}',NULL),
 (4,14,'sk-fixture-four',NULL,NULL,3,'fourth',NULL,1739990100,NULL,NULL,NULL,NULL,NULL,NULL,'claude-3-5-sonnet-20241022','default',437,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);

INSERT INTO "abilities" ("group","model","channel_id","enabled","priority","weight","tag") VALUES
 ('default','gpt-4o',1,TRUE,5,3,'blue'),('default','gpt-4o-mini',1,TRUE,5,3,'blue'),('vip','gpt-4o',1,TRUE,5,3,'blue'),('vip','gpt-4o-mini',1,TRUE,5,3,'blue'),
 ('default','claude-3-5-sonnet-20241022',4,FALSE,0,0,NULL);

INSERT INTO "options" ("key","value") VALUES ('SystemName','Fixture 网关'),('GroupRatio','{"default":1,"vip":0.75}'),('HouseOption','kept as it is'),('Notice','');

INSERT INTO "logs" ("id","user_id","created_at","type","content","username","token_name","model_name","quota","prompt_tokens","completion_tokens","use_time","is_stream","channel_id","channel_name","token_id","group","other") VALUES
 (1,2,1740000000,4,'welcome','maya','','',0,0,0,0,FALSE,0,NULL,0,NULL,''),
 (2,2,1740001000,2,'','maya','daily','gpt-4o',20463,9000,700,4,TRUE,1,NULL,1,'vip','{"model_ratio":1.25,"house":true}'),
 (3,2,1740002000,2,'','maya','limits','claude-3-5-sonnet-20241022',37,10,3,1,FALSE,4,NULL,2,'vip','{}'),
 (9,1,1740003000,2,'模型测试','root','','gpt-4o-mini',120,100,20,2,FALSE,1,NULL,0,'default',NULL);

INSERT INTO "redemptions" ("id","user_id","key","status","name","quota","created_time","redeemed_time","used_user_id","deleted_at") VALUES
 (1,1,'0f1e2d3c4b5a69788796a5b4c3d2e1f0',1,'spring',5000,1740000000,0,0,NULL),(2,1,'ffffeeee111122223333444455556666',3,'spring',5000,1740000000,1740000500,2,NULL);

-- Two orders share an empty number: the unique index that came later cannot be made.
INSERT INTO "top_ups" ("id","user_id","amount","money","trade_no","create_time","status") VALUES (1,2,10,73.0,'USR2NOabc',1740000000,'success'),(2,2,1,7.3,'',1740000001,'pending'),(3,2,1,7.3,'',1740000002,'pending');

INSERT INTO "quota_data" ("id","user_id","username","model_name","created_at","token_used","count","quota") VALUES (1,2,'maya','gpt-4o',1739998800,9700,1,20463),(2,2,'maya','gpt-4o',1739998800,13,1,37);

INSERT INTO "midjourneys" ("id","code","user_id","action","mj_id","prompt","submit_time","status","progress","channel_id","quota") VALUES (1,1,2,'IMAGINE','m-1','a boat',1740000000123,'SUCCESS','100%',1,50000);

INSERT INTO "tasks" ("id","created_at","updated_at","task_id","platform","user_id","channel_id","quota","action","status","submit_time","progress","properties","data") VALUES
 (1,1740000000,1740000100,'t-1','suno',2,1,5000,'MUSIC','SUCCESS',1740000000,'100%',{json {"input":"song"}},{json [{"id":"x","title":"船"}]}),
 (2,1740000000,1740000100,'t-2','suno',2,1,5000,'MUSIC','FAILURE',1740000000,'100%',NULL,'{"as":"text"}');

INSERT INTO "casbin_rules" ("id","ptype","v0") VALUES (1,'p','root');
