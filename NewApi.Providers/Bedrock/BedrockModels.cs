using System.Collections.Frozen;

namespace NewApi.Providers.Bedrock;

/// <summary>What Bedrock calls Anthropic's models, and across which regions an inference profile may spread them.</summary>
internal static class BedrockModels
{
    private static readonly string[] American = ["us"];
    private static readonly string[] Everywhere = ["us", "eu", "apac"];

    private static readonly FrozenDictionary<string, (string Id, string[] Profiles)> Known = new Dictionary<string, (string, string[])>
    {
        ["claude-instant-1.2"] = ("anthropic.claude-instant-v1", []),
        ["claude-2.0"] = ("anthropic.claude-v2", []),
        ["claude-2.1"] = ("anthropic.claude-v2:1", []),
        ["claude-3-haiku-20240307"] = ("anthropic.claude-3-haiku-20240307-v1:0", Everywhere),
        ["claude-3-sonnet-20240229"] = ("anthropic.claude-3-sonnet-20240229-v1:0", Everywhere),
        ["claude-3-opus-20240229"] = ("anthropic.claude-3-opus-20240229-v1:0", American),
        ["claude-3-5-sonnet-20240620"] = ("anthropic.claude-3-5-sonnet-20240620-v1:0", Everywhere),
        ["claude-3-5-sonnet-20241022"] = ("anthropic.claude-3-5-sonnet-20241022-v2:0", ["us", "apac"]),
        ["claude-3-5-haiku-20241022"] = ("anthropic.claude-3-5-haiku-20241022-v1:0", American),
        ["claude-3-7-sonnet-20250219"] = ("anthropic.claude-3-7-sonnet-20250219-v1:0", Everywhere),
        ["claude-sonnet-4-20250514"] = ("anthropic.claude-sonnet-4-20250514-v1:0", Everywhere),
        ["claude-opus-4-20250514"] = ("anthropic.claude-opus-4-20250514-v1:0", American),
        ["claude-opus-4-1-20250805"] = ("anthropic.claude-opus-4-1-20250805-v1:0", American),
        ["claude-sonnet-4-5-20250929"] = ("anthropic.claude-sonnet-4-5-20250929-v1:0", ["us", "eu", "jp", "au"]),
        ["claude-haiku-4-5-20251001"] = ("anthropic.claude-haiku-4-5-20251001-v1:0", ["us", "eu", "jp", "au"]),
        ["claude-opus-4-5-20251101"] = ("anthropic.claude-opus-4-5-20251101-v1:0", ["us", "eu"]),
    }.ToFrozenDictionary();

    /// <summary>The id to invoke in a region; ids that are not known here are Bedrock's own.</summary>
    public static string IdOf(string model, string region)
    {
        if (!Known.TryGetValue(model, out var known))
        {
            return model;
        }
        foreach (var profile in ProfilesOf(region))
        {
            if (known.Profiles.Contains(profile))
            {
                return profile + "." + known.Id;
            }
        }
        return known.Id;
    }

    /// <summary>The profiles that a region may use, closest first.</summary>
    private static string[] ProfilesOf(string region) => region switch
    {
        _ when region.StartsWith("us-", StringComparison.Ordinal) => ["us"],
        _ when region.StartsWith("eu-", StringComparison.Ordinal) => ["eu"],
        "ap-northeast-1" or "ap-northeast-3" => ["jp", "apac"],
        "ap-southeast-2" or "ap-southeast-4" => ["au", "apac"],
        _ when region.StartsWith("ap-", StringComparison.Ordinal) => ["apac"],
        _ => [],
    };
}
