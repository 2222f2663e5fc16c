using LatentDiffusion;
using LatentDiffusion.Hub;
using LatentDiffusion.Metadata;

namespace Studio;

/// <summary>A model of the command line: <c>NAME=MODEL</c> or <c>MODEL</c>.</summary>
/// <param name="Name">The name that requests use.</param>
/// <param name="Source">A shipped model, a folder, a file, or the id of a published model.</param>
internal sealed record ModelArgument(string Name, string Source)
{
    private const int MostCharactersOfName = 100;

    private static readonly Dictionary<string, Action<DiffusionPipelineBuilder>> s_shipped = new()
    {
        ["drawings"] = builder => builder.UseDrawingsModel(),
        ["drawings-few-steps"] = builder => builder.UseFewStepDrawingsModel(),
    };

    /// <summary>The models that come with the library.</summary>
    public static IEnumerable<string> Shipped => s_shipped.Keys;

    /// <summary>What is wrong with a text; null if nothing is.</summary>
    public static string? Refusal(string text)
    {
        (string name, string source) = Read(text);
        if (!s_shipped.ContainsKey(source) && !Path.Exists(source) && !IsPublished(source))
        {
            return $"expected a folder or file that exists, organisation/name of a published model, or {string.Join(" or ", Shipped)}.";
        }

        return name.Length is 0 or > MostCharactersOfName || name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            ? $"expected a name of 1 to {MostCharactersOfName} characters without spaces, as in NAME={source}."
            : null;
    }

    /// <summary>Reads a model.</summary>
    public static ModelArgument Read(string text)
    {
        // The name of a folder may have the sign too.
        if (!Path.Exists(text) && text.IndexOf('=', StringComparison.Ordinal) is var end and >= 0)
            return new ModelArgument(text[..end], text[(end + 1)..]);
        string path = Path.TrimEndingDirectorySeparator(text);
        return new ModelArgument(
            File.Exists(path) ? Path.GetFileNameWithoutExtension(path)
            : Directory.Exists(path) ? Path.GetFileName(Path.GetFullPath(path))
            : text,
            text);
    }

    /// <summary>Applies the model to a pipeline. It is opened, and a published one downloaded, when the pipeline is built.</summary>
    public void Apply(DiffusionPipelineBuilder builder, MetadataFormat metadata)
    {
        builder.Configure(o => (o.ModelId, o.MetadataFormat, o.FileHashes) = (Name, metadata, metadata != MetadataFormat.Native));
        if (s_shipped.TryGetValue(Source, out Action<DiffusionPipelineBuilder>? use)) use(builder);
        else if (File.Exists(Source)) builder.UseModelFile(Source);
        else if (Directory.Exists(Source)) builder.UseModelFolder(Source);
        else builder.UseModel(Source, revision: null);
    }

    private static bool IsPublished(string source) =>
        source.Split('/') is [var organisation, _] && ModelHub.IsRepositoryId(source) && !Directory.Exists(organisation);
}
