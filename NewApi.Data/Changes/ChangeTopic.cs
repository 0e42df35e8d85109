namespace NewApi.Data.Changes;

/// <summary>What was changed, so that caches know what to read again.</summary>
public enum ChangeTopic
{
    /// <summary>Stored options. No key.</summary>
    Options,

    /// <summary>Channels and abilities. Key: channel id, or null for all.</summary>
    Channels,

    /// <summary>An account. Key: user id, or null for all.</summary>
    Users,

    /// <summary>A relay key. Key: token id, or null for all.</summary>
    Tokens,
}
