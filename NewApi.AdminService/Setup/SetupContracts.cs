using System.Text.Json.Serialization;

namespace NewApi.AdminService.Setup;

internal sealed record SetupRequest
{
    public string? Username { get; init; }

    public string? Password { get; init; }

    [JsonPropertyName("confirmPassword")]
    public string? ConfirmPassword { get; init; }

    [JsonPropertyName("SelfUseModeEnabled")]
    public bool SelfUseModeEnabled { get; init; }

    [JsonPropertyName("DemoSiteEnabled")]
    public bool DemoSiteEnabled { get; init; }
}

internal sealed record SetupView(bool Status, bool RootInit, string DatabaseType);
