namespace NewApi.Domain.Midjourney;

/// <summary>What can be done with drawings, as tasks and their rows name it, and the models by which that is priced.</summary>
public static class MidjourneyActions
{
    public const string Imagine = "IMAGINE";
    public const string Modal = "MODAL";
    public const string Inpaint = "INPAINT";
    public const string CustomZoom = "CUSTOM_ZOOM";
    public const string SwapFace = "SWAP_FACE";
    public const string Upload = "UPLOAD";
    public const string Upscale = "UPSCALE";
    public const string Variation = "VARIATION";
    public const string Reroll = "REROLL";

    /// <summary>What the buttons of a drawing do, by the part of their id that says so; the more special ones first.</summary>
    private static readonly (string Part, string Action)[] Buttons =
    [
        ("upsample", Upscale),
        ("low_variation", "LOW_VARIATION"),
        ("high_variation", "HIGH_VARIATION"),
        ("variation", Variation),
        ("pan_", "PAN"),
        ("reroll", Reroll),
        ("customzoom", CustomZoom),
        ("outpaint", "ZOOM"),
        ("inpaint", Inpaint),
        ("animate", "VIDEO"),
    ];

    /// <summary>The model of an action: it decides on routes, limits and prices.</summary>
    public static string ModelOf(string action) => action == SwapFace ? "swap_face" : "mj_" + action.ToLowerInvariant();

    /// <summary>Two actions only open a window; what is entered there is submitted as <see cref="Modal"/>, and that is paid.</summary>
    public static bool IsFree(string action) => action is Inpaint or CustomZoom;

    /// <summary>The action behind a button, such as <c>MJ::JOB::upsample::2::3dbbd469</c>; null when it is none that we know.</summary>
    public static string? OfButton(string customId)
    {
        foreach (var (part, action) in Buttons)
        {
            if (customId.Contains(part, StringComparison.OrdinalIgnoreCase))
            {
                return action;
            }
        }
        return null;
    }
}
