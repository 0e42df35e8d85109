namespace NewApi.Data.Channels;

/// <summary>States of a channel, and of one key of several.</summary>
public static class ChannelStatus
{
    public const long Enabled = 1;
    public const long DisabledByHand = 2;
    public const long DisabledAutomatically = 3;
}
