using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <summary>Options of T2I-Adapters: files, control images, scales and duration.</summary>
internal sealed class T2IAdapterOptions
{
    private static readonly SkiaImageCodec s_codec = new();

    private readonly Option<string[]> _adapters = new("--t2i-adapter")
    {
        Description = "Folder or file of a T2I-Adapter; several may be given. Those of the model's own folder come first.",
    };

    private readonly Option<FileInfo[]> _images = new("--adapter-image")
    {
        Description = "Control image of a T2I-Adapter, such as edges or a sketch: one for each adapter, in their order.",
    };

    private readonly Option<double[]> _scales = new("--adapter-scale")
    {
        Description = "Scale of a T2I-Adapter: one for all, or one for each. 1 if omitted.",
    };

    private readonly Option<double?> _factor = new("--adapter-factor")
    {
        Description = "Fraction of the steps in which T2I-Adapters act, counted from the first step; above 0, at most 1. 1 if omitted.",
    };

    public T2IAdapterOptions()
    {
        _images.AcceptExistingOnly();
        _adapters.Validators.Add(result =>
        {
            foreach (string path in result.Tokens.Select(t => t.Value).Where(path => !Path.Exists(path)))
                result.AddError($"--t2i-adapter is '{path}'; expected a folder with a config.json and weights, or a file.");
        });
    }

    /// <summary>All options.</summary>
    public IReadOnlyList<Option> All => [_adapters, _images, _scales, _factor];

    /// <summary>Checks that no option is ignored because another one is missing.</summary>
    public void CheckTogether(CommandResult result)
    {
        int images = Given(_images), scales = Given(_scales);
        foreach (Option option in (Option[])[_adapters, _scales, _factor])
            if (Given(option) > 0 && images == 0) result.AddError($"{option.Name} needs --adapter-image.");
        if (scales > 1 && scales != images)
            result.AddError($"--adapter-scale is given {scales} times; expected 1, or {images} as for --adapter-image.");

        int Given(Option option) => result.GetResult(option) is { Implicit: false } given ? given.Tokens.Count : 0;
    }

    /// <summary>Adds the adapters to a pipeline.</summary>
    public void AddTo(DiffusionPipelineBuilder builder, ParseResult parsed)
    {
        foreach (string path in parsed.GetValue(_adapters) ?? []) builder.UseT2IAdapter(path);
    }

    /// <summary>The request with the images of the adapters.</summary>
    public GenerationRequest AddTo(GenerationRequest request, ParseResult parsed)
    {
        FileInfo[] images = parsed.GetValue(_images) ?? [];
        double[] scales = parsed.GetValue(_scales) ?? [];
        if (images.Length == 0) return request;
        return request with
        {
            // Transparent parts count as black, without lines that control.
            AdapterImages = [.. images.Select(file => s_codec.Decode(File.ReadAllBytes(file.FullName), RgbColor.Black))],
            AdapterWeights =
            [
                .. images.Select((_, i) => new AdapterWeight
                {
                    Scale = scales.Length == 0 ? null : scales[scales.Length == 1 ? 0 : i], ConditioningFactor = parsed.GetValue(_factor),
                }),
            ],
        };
    }
}
