namespace NewApi.AdminService.Http;

/// <summary>What the management API says to people, in one table.</summary>
internal static class Say
{
    public static readonly Text BadBody = new("The request body is not valid JSON for this route", "请求内容不是此接口可用的 JSON");
    public static readonly Text BadRequest = new("The request is not valid", "请求无效");
    public static readonly Text BadId = new("The id is not valid", "ID 无效");
    public static readonly Text Failed = new("Something went wrong on our side; the request id names it in the logs", "服务器内部出错，请凭请求编号查询日志");

    public static readonly Text NotLoggedIn = new("Not logged in and no access token was sent", "未登录，且未提供访问令牌");
    public static readonly Text BadAccessToken = new("The access token is not valid", "访问令牌无效");
    public static readonly Text UserHeaderMissing = new("The New-Api-User header is missing", "缺少 New-Api-User 请求头");
    public static readonly Text UserHeaderBad = new("The New-Api-User header is not a number", "New-Api-User 请求头不是数字");
    public static readonly Text UserHeaderOther = new("The New-Api-User header names another user", "New-Api-User 请求头与当前用户不一致");
    public static readonly Text Disabled = new("This account is disabled", "该账号已停用");
    public static readonly Text RoleTooLow = new("This needs a higher role", "权限不足");
    public static readonly Text AccountInvalid = new("This account is not valid", "账号信息无效");
    public static readonly Text NotFound = new("Not found", "未找到");

    public static readonly Text NoPriceSource = new("Choose at least one source of prices", "请至少选择一个价格来源");

    public static readonly Text AlreadySetUp = new("Set-up is already done", "系统已完成初始化");
    public static readonly Text PasswordsDiffer = new("The two passwords differ", "两次密码不相同");
    public static readonly Text RootNameTooLong = new("The user name may have at most 12 bytes", "用户名最多 12 个字节");
    public static readonly Text UserNameMissing = new("A user name is needed", "请填写用户名");
    public static readonly Text PasswordTooShort = new("The password needs at least 8 characters", "密码至少 8 个字符");

    public static readonly Text TurnstileMissing = new("Please pass the robot check first", "请先完成人机验证");
    public static readonly Text TurnstileFailed = new("The robot check failed; reload and try again", "人机验证失败，请刷新后重试");
    public static readonly Text PasswordLoginOff = new("Login by password is switched off", "密码登录已关闭");
    public static readonly Text BadLogin = new("Wrong user name or password, or the account is disabled", "用户名或密码不对，或账号已停用");
    public static readonly Text SecondFactorNeeded = new("Enter the code of the second factor", "请输入两步验证码");
    public static readonly Text LoginFirst = new("Log in with your password first", "请先用密码登录");
    public static readonly Text BadCode = new("The code is wrong", "验证码不对");
    public static readonly Text CodeLocked = new("Too many wrong codes; try again in five minutes", "错误次数过多，请五分钟后再试");
    public static readonly Text FactorIsOn = new("The second factor is on already", "两步验证已启用");
    public static readonly Text FactorIsOff = new("The second factor is not set up", "两步验证未启用");

    public static readonly Text RegisterOff = new("Registration is switched off", "注册已关闭");
    public static readonly Text PasswordRegisterOff = new("Registration by password is switched off", "密码注册已关闭");
    public static readonly Text MailCodeNeeded = new("A valid e-mail and its verification code are needed", "需要有效的邮箱和验证码");
    public static readonly Text UserNameLength = new("The user name must have 1 to 20 characters", "用户名须为 1 到 20 个字符");
    public static readonly Text PasswordLength = new("The password must have 8 to 20 characters", "密码须为 8 到 20 个字符");
    public static readonly Text DisplayNameLength = new("The display name may have at most 20 characters", "显示名称最多 20 个字符");
    public static readonly Text EmailLength = new("The e-mail may have at most 50 characters", "邮箱最多 50 个字符");
    public static readonly Text RemarkLength = new("The remark may have at most 255 characters", "备注最多 255 个字符");
    public static readonly Text NameTaken = new("This user name or e-mail is taken", "用户名或邮箱已被占用");
    public static readonly Text WrongPassword = new("The current password is wrong", "当前密码不对");
    public static readonly Text RootStays = new("The root account can not be disabled, deleted or demoted", "不能停用、删除或降级超级管理员");
    public static readonly Text RoleNotAllowed = new("Only an account with a higher role may do this", "只有更高权限的账号才能执行此操作");
    public static readonly Text AlreadyAdmin = new("This user is an administrator already", "该用户已是管理员");
    public static readonly Text AlreadyCommon = new("This user is a common user already", "该用户已是普通用户");
    public static readonly Text GroupUnknown = new("This group does not exist", "该分组不存在");
    public static readonly Text GroupNotAllowed = new("You may not use this group", "无权使用该分组");

    public static readonly Text NotifyType = new("The notification type must be email, webhook, bark or gotify", "通知方式须为 email、webhook、bark 或 gotify");
    public static readonly Text NotifyThreshold = new("The warning threshold must be above zero", "预警阈值须大于零");
    public static readonly Text NotifyUrl = new("The address of the notification is missing or malformed", "通知地址缺失或格式不对");
    public static readonly Text NotifyToken = new("The Gotify token is missing", "缺少 Gotify 令牌");
    public static readonly Text NotifyLength = new("An address may have at most 2048 characters, a token, secret or e-mail 255", "通知地址最多 2048 个字符，令牌、密钥和邮箱最多 255 个字符");
    public static readonly Text LanguageLength = new("The language may have at most 16 characters", "语言代码最多 16 个字符");
    public static readonly Text SidebarLength = new("The areas of the console may have at most 16384 characters", "侧边栏设置最多 16384 个字符");
    public static readonly Text SettingLength = new("Your settings are too long to be stored", "个人设置过长，无法保存");
    public static readonly Text NotifyEmail = new("The notification e-mail is malformed", "通知邮箱格式不对");

    public static readonly Text BadRelayKey = new("The key is missing or not valid", "密钥缺失或无效");
    public static readonly Text TokenNameTooLong = new("The name may have at most 50 bytes", "名称最多 50 个字节");
    public static readonly Text BalanceRange = new("The balance would go out of range", "余额超出范围");
    public static readonly Text TokenQuotaRange = new("The quota is out of range", "额度超出范围");
    public static readonly Text TooManyTokens = new("You have reached the limit of keys per user", "密钥数量已达上限");
    public static readonly Text TokenExpired = new("The key has expired; change its expiry first", "密钥已过期，请先修改有效期");
    public static readonly Text TokenExhausted = new("The key has no quota left; give it quota first", "密钥额度已用完，请先增加额度");
    public static readonly Text TokenIps = new("The list of addresses contains something that is no address or range", "IP 列表中含有无效的地址或网段");
    public static readonly Text TokenIpsTooLong = new("The list of addresses may have at most 8192 characters", "IP 列表最多 8192 个字符");
    public static readonly Text TokenLimitsTooLong = new("The list of models may have at most 1024 characters", "模型限制列表最多 1024 个字符");
    public static readonly Text IdsMissing = new("No ids were given", "未提供 ID");
    public static readonly Text TooManyIds = new("Too many ids at once", "一次提供的 ID 过多");
    public static readonly Text SearchPattern =
        new("At most two wildcards, not adjacent, with at least two other characters", "最多两个通配符，不可相邻，且至少包含两个其他字符");

    public static readonly Text ChannelMode = new("The mode must be single, batch or multi_to_single", "模式须为 single、batch 或 multi_to_single");
    public static readonly Text ChannelMissing = new("The channel is missing from the request", "请求中缺少渠道");
    public static readonly Text ChannelKeyMissing = new("The channel needs a key", "渠道密钥不能为空");
    public static readonly Text ChannelModelTooLong = new("A model name may have at most 255 characters", "模型名称最多 255 个字符");
    public static readonly Text ChannelJson = new("{0} must be a JSON object", "{0} 须为 JSON 对象");
    public static readonly Text ChannelProxy = new("The proxy must be an http, https or socks5 address", "代理须为 http、https 或 socks5 地址");
    public static readonly Text ChannelField = new("{0} has the wrong type", "{0} 的类型不对");
    public static readonly Text VertexRegion = new("Vertex needs a JSON object of regions with the member default", "Vertex 需要包含 default 的地区 JSON");
    public static readonly Text CodexKey = new("A Codex key is a JSON object with access_token and account_id", "Codex 密钥须为包含 access_token 和 account_id 的 JSON");
    public static readonly Text TagMissing = new("A tag is needed", "请提供标签");
    public static readonly Text RepairRunning = new("A repair is running already", "修复正在进行");
    public static readonly Text TestUnsupported = new("Channels of this type can not be tested", "此类渠道不支持测试");
    public static readonly Text TestRunning = new("The channels are being tested already", "渠道测试正在进行");
    public static readonly Text ChannelMapping = new("The channel's model mapping can not be followed", "渠道的模型映射无法解析");
    public static readonly Text NoBaseUrl = new("The channel has no base URL", "渠道未设置基础地址");
    public static readonly Text BadBaseUrl = new("The base URL is not a valid http address", "基础地址不是有效的 http 地址");
    public static readonly Text NoEnabledKey = new("The channel has no enabled key", "渠道没有可用的密钥");
    public static readonly Text ChannelSetUp = new("The channel can not be called: {0}", "渠道无法调用：{0}");
    public static readonly Text UpstreamStatus = new("Upstream answered {0}: {1}", "上游返回 {0}：{1}");
    public static readonly Text UpstreamUnreachable = new("Upstream can not be reached: {0}", "无法连接上游：{0}");
    public static readonly Text UpstreamTimeout = new("Upstream did not answer in time", "上游超时未响应");
    public static readonly Text UpstreamNotUnderstood = new("Upstream answered something we do not understand", "无法理解上游的返回内容");
    public static readonly Text StatusValue = new("The status is not valid", "状态值无效");
    public static readonly Text NotMultiKey = new("This is not a multi-key channel", "该渠道不是多密钥渠道");

    public static readonly Text OptionKeyMissing = new("The option needs a key", "缺少选项名");
    public static readonly Text OptionValue = new("{0}: {1}", "{0}：{1}");
    public static readonly Text OptionNeeds = new("Set {0} before switching this on", "请先设置 {0}");

    public static readonly Text TimeNeeded = new("target_timestamp is needed", "缺少 target_timestamp");
    public static readonly Text RangeTooLong = new("The range may span at most 30 days", "时间范围最多 30 天");
    public static readonly Text SearchGone = new("This search is retired; use the filters of the list", "该搜索已停用，请使用列表的筛选条件");
    public static readonly Text RatioHidden = new("The public price list is switched off", "公开倍率接口未启用");

    public static readonly Text BudgetName = new("The name may have at most 64 characters", "名称最多 64 个字符");
    public static readonly Text BudgetScope = new("The scope must be key, user or group", "范围须为 key、user 或 group");
    public static readonly Text BudgetAmount = new("The amount must be above zero", "额度须大于零");
    public static readonly Text TooManyBudgets = new("There are 20 budgets already; delete one first", "预算数量已达上限（20），请先删除一个");
    public static readonly Text BudgetPeriod =
        new("The period must be never, daily, weekly, monthly, or custom with 60 seconds to a year", "周期须为 never、daily、weekly、monthly，或 60 秒至一年的 custom");

    public static readonly Text CodeName = new("The name must have 1 to 20 characters", "名称须为 1 到 20 个字符");
    public static readonly Text CodeCount = new("The count must be between 1 and 100", "数量须在 1 到 100 之间");
    public static readonly Text CodeQuota = new("The quota must be between 0 and 9007199254740991", "额度须在 0 到 9007199254740991 之间");
    public static readonly Text CodeExpiry = new("The expiry must be in the future", "有效期须晚于现在");
    public static readonly Text CodeRefused = new("This code is unknown, used or expired", "兑换码无效、已使用或已过期");
    public static readonly Text AffTooSmall = new("At least one unit must be moved", "转移的额度不得少于一个单位");
    public static readonly Text AffTooMuch = new("The invitation reward does not suffice", "邀请奖励不足");
    public static readonly Text CheckedIn = new("You have checked in today already", "今天已签到");
    public static readonly Text MonthFormat = new("The month must look like 2026-01", "月份须形如 2026-01");

    public static readonly Text PaymentOff = new("This way to pay is not set up", "该支付方式未配置");
    public static readonly Text PaymentMethod = new("This way to pay is not offered", "不支持该支付方式");
    public static readonly Text PaymentFailed = new("The payment could not be started; try again later", "拉起支付失败，请稍后再试");
    public static readonly Text ProductUnknown = new("This product is not on sale", "该商品不存在");
    public static readonly Text RedirectRefused = new("The payer may not be sent back to that address", "不允许跳转到该地址");
    public static readonly Text OrderClosed = new("This order can no longer be completed", "该订单已无法完成");
    public static readonly Text TopUpTooSmall = new("The amount is below the minimum", "充值数量低于最小值");
    public static readonly Text TopUpTooLarge = new("The amount is above the maximum", "充值数量超过最大值");
    public static readonly Text TopUpNotWhole = new("The amount must be a whole number of units", "充值数量须为单位额度的整数倍");
    public static readonly Text TopUpTooCheap = new("The price is too low to be paid", "金额过低，无法支付");

    public static readonly Text PlanTitle = new("The plan needs a title of at most 128 characters", "套餐标题须为 1 到 128 个字符");
    public static readonly Text PlanSubtitle = new("The subtitle may have at most 255 characters", "副标题最多 255 个字符");
    public static readonly Text PlanPrice = new("The price must be between 0 and 9999", "价格须在 0 到 9999 之间");
    public static readonly Text PlanDuration = new("The duration must be more than nothing and at most ten years", "有效期须大于零且不超过十年");
    public static readonly Text PlanReset = new("The reset must be never, daily, weekly, monthly or custom", "重置周期须为 never、daily、weekly、monthly 或 custom");
    public static readonly Text PlanResetSeconds = new("A custom reset needs a number of seconds above zero", "自定义重置周期须大于零秒");
    public static readonly Text PlanNegative = new("Amounts and limits must not be negative", "额度与限制不能为负数");
    public static readonly Text PlanIds = new("Ids of payment providers may have at most 128 characters", "支付商品 ID 最多 128 个字符");
    public static readonly Text PlanLimit = new("You have bought this plan as often as you may", "已达到该套餐的购买上限");
    public static readonly Text PlanNotFromBalance = new("This plan can not be bought from the balance", "该套餐不支持余额购买");
    public static readonly Text PlanNotWithThis = new("This plan is not sold this way", "该套餐不支持此支付方式");
    public static readonly Text PlanNotActive = new("This plan is not active", "该订阅未生效");
    public static readonly Text PlanInUse = new("The plan is ended; calls under way are still paid from it, remove it in a minute", "订阅已作废，仍有请求在结算，请稍后再删除");
    public static readonly Text BalanceTooLow = new("The balance does not suffice", "余额不足");
    public static readonly Text NotEnabled = new("This feature is not enabled", "该功能未启用");
    public static readonly Text SearchTooOften = new("Too many searches", "搜索过于频繁");

    public static Text Fill(this Text text, params object[] values) =>
        new(string.Format(text.English, values), string.Format(text.Chinese, values));
}
