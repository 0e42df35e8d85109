using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using NewApi.AdminService.Accounts;
using NewApi.AdminService.ApiKeys;
using NewApi.AdminService.Budgets;
using NewApi.AdminService.Channels;
using NewApi.AdminService.CheckIns;
using NewApi.AdminService.Prices;
using NewApi.AdminService.Redemptions;
using NewApi.AdminService.Settings;
using NewApi.AdminService.Setup;
using NewApi.AdminService.Subscriptions;
using NewApi.AdminService.TopUps;
using NewApi.AdminService.Usage;

namespace NewApi.AdminService.Http;

/// <summary>
/// Every JSON type of the management API, compiled. The options are the module's own: the host's global ones belong to nobody
/// (house style P12).
/// </summary>
[JsonSourceGenerationOptions]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(long))]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(decimal))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(Dictionary<string, long>))]
[JsonSerializable(typeof(Dictionary<string, decimal>))]
[JsonSerializable(typeof(Dictionary<string, List<string>>))]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
[JsonSerializable(typeof(SetupRequest))]
[JsonSerializable(typeof(SetupView))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginView))]
[JsonSerializable(typeof(SecondFactorView))]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(SelfUpdateRequest))]
[JsonSerializable(typeof(SettingRequest))]
[JsonSerializable(typeof(AffTransferRequest))]
[JsonSerializable(typeof(RedeemRequest))]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(UserCreateRequest))]
[JsonSerializable(typeof(UserUpdateRequest))]
[JsonSerializable(typeof(UserManageRequest))]
[JsonSerializable(typeof(ManagedView))]
[JsonSerializable(typeof(ApiKeyView))]
[JsonSerializable(typeof(Page<ApiKeyView>))]
[JsonSerializable(typeof(ApiKeyRequest))]
[JsonSerializable(typeof(IdsRequest))]
[JsonSerializable(typeof(OptionView[]))]
[JsonSerializable(typeof(OptionRequest))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(SyncSourceView[]))]
[JsonSerializable(typeof(SyncFetchRequest))]
[JsonSerializable(typeof(SyncApplyRequest))]
[JsonSerializable(typeof(SyncAppliedView))]
[JsonSerializable(typeof(Page<DrawingView>))]
[JsonSerializable(typeof(Page<TaskView>))]
[JsonSerializable(typeof(ChannelView))]
[JsonSerializable(typeof(ChannelPage))]
[JsonSerializable(typeof(ChannelFindings))]
[JsonSerializable(typeof(ChannelCreateRequest))]
[JsonSerializable(typeof(ChannelIdsRequest))]
[JsonSerializable(typeof(TagRequest))]
[JsonSerializable(typeof(FetchModelsRequest))]
[JsonSerializable(typeof(CreatedView))]
[JsonSerializable(typeof(RepairView))]
[JsonSerializable(typeof(Page<LogView>))]
[JsonSerializable(typeof(CursorPage<LogView>))]
[JsonSerializable(typeof(LogView[]))]
[JsonSerializable(typeof(StatView))]
[JsonSerializable(typeof(DataView[]))]
[JsonSerializable(typeof(BudgetView))]
[JsonSerializable(typeof(Page<BudgetView>))]
[JsonSerializable(typeof(BudgetRequest))]
[JsonSerializable(typeof(RedemptionView))]
[JsonSerializable(typeof(Page<RedemptionView>))]
[JsonSerializable(typeof(RedemptionRequest))]
[JsonSerializable(typeof(CodeRequest))]
[JsonSerializable(typeof(SecondFactorStatus))]
[JsonSerializable(typeof(SecondFactorSetup))]
[JsonSerializable(typeof(SecondFactorStats))]
[JsonSerializable(typeof(BackupCodesView))]
[JsonSerializable(typeof(Page<TopUpView>))]
[JsonSerializable(typeof(AmountRequest))]
[JsonSerializable(typeof(ProductRequest))]
[JsonSerializable(typeof(CompleteRequest))]
[JsonSerializable(typeof(CheckInView))]
[JsonSerializable(typeof(CheckInReward))]
[JsonSerializable(typeof(PlanView[]))]
[JsonSerializable(typeof(PlanRequest))]
[JsonSerializable(typeof(PlanSwitchRequest))]
[JsonSerializable(typeof(PlanPayRequest))]
[JsonSerializable(typeof(PlanGrantRequest))]
[JsonSerializable(typeof(PreferenceRequest))]
[JsonSerializable(typeof(PreferenceView))]
[JsonSerializable(typeof(HeldPlanView[]))]
[JsonSerializable(typeof(OwnPlansView))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    private static readonly AdminJson Shared = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // Clients send numbers from text boxes as text; nothing is lost by reading them.
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 64,
    });

    public static JsonWriterOptions WriterOptions { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonTypeInfo<T> TypeInfo<T>() => (JsonTypeInfo<T>)Shared.Options.GetTypeInfo(typeof(T));
}
