using System.CommandLine;
using LatentDiffusion.Metadata;

namespace StableDiffusion;

/// <summary>Options to read settings from an image, and to select the metadata of written images.</summary>
internal sealed class MetadataOptions
{
    private static readonly Dictionary<string, MetadataFormat> s_formats = new()
    {
        ["native"] = MetadataFormat.Native, ["a1111"] = MetadataFormat.WebUI, ["both"] = MetadataFormat.Both,
    };

    public Option<FileInfo> FromImage { get; } = new("--from-image")
    {
        Description = "Read prompt and settings from an image of this program, A1111, ComfyUI, InvokeAI or NovelAI. Other options "
            + "override them.",
    };

    public Option<string> Format { get; } = new("--metadata")
    {
        Description = $"Format of the settings in written images: {string.Join(", ", s_formats.Keys)}.",
        DefaultValueFactory = _ => s_formats.Keys.First(),
    };

    public MetadataOptions()
    {
        FromImage.AcceptExistingOnly();
        Format.AcceptOnlyFromAmong([.. s_formats.Keys]);
    }

    public MetadataFormat ReadFormat(ParseResult parsed) => s_formats[parsed.GetValue(Format)!];

    /// <summary>The image to take settings from; null for none.</summary>
    public SourceImage? ReadSource(ParseResult parsed, Option negative, Option scheduler, bool hasLoraFolder) =>
        parsed.GetValue(FromImage) is not { } file ? null : new SourceImage(file)
        {
            TakesNegativePrompt = parsed.GetResult(negative) is null or { Implicit: true },
            TakesScheduler = parsed.GetResult(scheduler) is null or { Implicit: true },
            TakesLoras = hasLoraFolder,
        };
}
