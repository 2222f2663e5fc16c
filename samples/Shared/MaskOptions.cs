using System.CommandLine;

namespace LatentDiffusion.Samples;

/// <summary>Command-line options for reading a mask and blending the repainted area.</summary>
internal sealed class MaskOptions
{
    private static readonly Dictionary<string, MaskedContent> s_contents = new()
    {
        ["original"] = MaskedContent.Original, ["fill"] = MaskedContent.Fill,
        ["latent-noise"] = MaskedContent.LatentNoise, ["latent-nothing"] = MaskedContent.LatentNothing,
    };

    private readonly Option<bool> _invert = new("--invert-mask") { Description = "Repaint the black area of the mask, not the white." };

    private readonly Option<int> _growth = new("--mask-growth")
    {
        Description = "Pixels by which the repainted area grows, -1024 to 1024; negative values shrink it. 0 if omitted.",
    };

    private readonly Option<int> _blur = new("--mask-blur")
    {
        Description = "Standard deviation in pixels of the blur around the repainted area, 0 to 256. 0 if omitted.",
    };

    private readonly Option<int?> _padding = new("--mask-padding")
    {
        Description = "Generate only the masked area plus this many pixels on each side, 0 to 4096, at full size; the rest stays exact.",
    };

    private readonly Option<string> _content = new("--masked-content")
    {
        Description = $"Content of the repainted area before noise is added: {string.Join(", ", s_contents.Keys)}.",
        DefaultValueFactory = _ => s_contents.Keys.First(),
    };

    public MaskOptions() => _content.AcceptOnlyFromAmong([.. s_contents.Keys]);

    /// <summary>All options.</summary>
    public IReadOnlyList<Option> All => [_invert, _growth, _blur, _padding, _content];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All) command.Options.Add(option);
    }

    /// <summary>The options on the command line; null if all have their defaults.</summary>
    public InpaintingOptions? Read(ParseResult parsed)
    {
        var options = new InpaintingOptions
        {
            InvertMask = parsed.GetValue(_invert), MaskGrowth = parsed.GetValue(_growth), MaskBlur = parsed.GetValue(_blur),
            MaskPadding = parsed.GetValue(_padding), MaskedContent = s_contents[parsed.GetValue(_content)!],
        };
        return options == new InpaintingOptions() ? null : options;
    }
}
