using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <summary>Upscaling options: a second pass (hires fix), and an upscaler between the passes or at the end.</summary>
internal sealed class UpscaleOptions
{
    private static readonly string s_filters = string.Join(", ", KnownUpscalers.All.Select(u => u.Name));

    private readonly Option<string?> _upscaler = new("--upscaler")
    {
        Description = "File of an upscaling network (.pth or .safetensors: ESRGAN, Real-ESRGAN), or one of "
            + $"{s_filters}. With --hires-width it enlarges the images of the first pass, otherwise the generated images.",
    };

    private readonly Option<double?> _by = new("--upscale-by")
    {
        Description = "Factor by which the generated images are enlarged, from 1 to 16. The scale of --upscaler if omitted.",
    };

    private readonly Option<int?> _hiresWidth = new("--hires-width")
    {
        Description = "Width of a second pass (hires fix). It starts from upscaled images with --upscaler, else from upscaled latents.",
    };

    private readonly Option<int?> _hiresHeight = new("--hires-height") { Description = "Height of the second pass." };

    private readonly Option<double> _hiresStrength = new("--hires-strength")
    {
        Description = "Strength of the second pass, above 0 and at most 1. 0.7 if omitted.", DefaultValueFactory = _ => 0.7,
    };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_upscaler, _by, _hiresWidth, _hiresHeight, _hiresStrength]) command.Add(option);
        _upscaler.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } name && !File.Exists(name) && !KnownUpscalers.TryGet(name, out _))
                result.AddError($"--upscaler is '{name}'; expected a file, or one of {s_filters}.");
        });
        command.Validators.Add(CheckTogether);
    }

    /// <summary>The file of the network; null for none.</summary>
    public string? ReadFile(ParseResult parsed) => parsed.GetValue(_upscaler) is { } name && File.Exists(name) ? name : null;

    /// <summary>The request with its larger sizes.</summary>
    public GenerationRequest Read(ParseResult parsed, GenerationRequest request)
    {
        string? upscaler = parsed.GetValue(_upscaler) is { } given ? Path.GetFileNameWithoutExtension(given) : null;
        double? by = parsed.GetValue(_by);
        bool hasTwoPasses = parsed.GetValue(_hiresWidth) is not null;
        if (hasTwoPasses)
        {
            request = request with
            {
                Upscale = new LatentUpscaling
                {
                    Width = parsed.GetValue(_hiresWidth)!.Value, Height = parsed.GetValue(_hiresHeight)!.Value,
                    Strength = parsed.GetValue(_hiresStrength), Upscaler = upscaler,
                },
            };
        }

        bool isFinal = by is not null || (upscaler is not null && !hasTwoPasses);
        return isFinal ? request with { FinalUpscale = new ImageUpscaling { Scale = by, Upscaler = upscaler } } : request;
    }

    private void CheckTogether(CommandResult result)
    {
        bool width = IsGiven(_hiresWidth), height = IsGiven(_hiresHeight);
        if (width != height) result.AddError("--hires-width and --hires-height must be given together.");
        if (IsGiven(_hiresStrength) && !width) result.AddError("--hires-strength needs --hires-width.");

        bool IsGiven(Option option) => result.GetResult(option) is { Implicit: false };
    }
}
