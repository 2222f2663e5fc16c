using System.CommandLine;
using System.CommandLine.Parsing;
using LatentDiffusion;

namespace StableDiffusion;

/// <summary>Options of a union ControlNet. Its images are among those of --control-image.</summary>
internal sealed class ControlNetUnionOptions
{
    private readonly Option<string?> _union = new("--controlnet-union")
    {
        Description = "Folder or file of a union ControlNet (SDXL). Its images come last among --control-image.",
    };

    private readonly Option<int[]> _modes = new("--control-mode")
    {
        Description = "What each image of --controlnet-union shows: 0 openpose, 1 depth, 2 soft edges, 3 canny and lineart, 4 normals, "
            + "5 segments, 6 tile, 7 repainting; one for each.",
    };

    public ControlNetUnionOptions() => _union.Validators.Add(result =>
    {
        if (result.Tokens.FirstOrDefault() is { } path && !Path.Exists(path.Value))
            result.AddError($"--controlnet-union is '{path.Value}'; expected a folder with a config.json and weights, or a file.");
    });

    /// <summary>All options.</summary>
    public IReadOnlyList<Option> All => [_union, _modes];

    /// <summary>Checks that no option is ignored because another one is missing.</summary>
    public void CheckTogether(CommandResult result)
    {
        bool union = result.GetResult(_union) is { Implicit: false }, modes = result.GetResult(_modes) is { Implicit: false };
        if (union && !modes) result.AddError("--controlnet-union needs --control-mode.");
        if (modes && !union) result.AddError("--control-mode needs --controlnet-union.");
    }

    /// <summary>Adds the ControlNet to a pipeline.</summary>
    public void AddTo(DiffusionPipelineBuilder builder, ParseResult parsed)
    {
        if (parsed.GetValue(_union) is { } path) builder.UseControlNetUnion(path, parsed.GetValue(_modes) ?? []);
    }
}
