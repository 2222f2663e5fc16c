using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Examples in the documentation of the API compile, as a reader pastes them into a new console project.</summary>
public sealed class XmlExampleTests(SnippetCompiler compiler) : IClassFixture<SnippetCompiler>, IDisposable
{
    /// <summary>What users meet first: each of these types has an example, in the file of its name.</summary>
    private static readonly string[] s_met =
    [
        "DiffusionPipelineBuilder", "DiffusionPipeline", "GenerationRequest", "GenerationResult", "GeneratedImage", "DiffusionModel",
        "ImageBuffer", "SkiaImageCodec", "DiffusersFolder", "ModelComponents", "KnownSchedulers", "DdimScheduler",
        "DpmSolverMultistepScheduler", "INoiseScheduler", "IDenoiser", "ITextEncoder", "IAutoencoder", "IGuidance",
        "ClassifierFreeGuidance", "RescaledGuidance", "IntervalGuidance", "Trainer", "DenoiserObjective", "LoraTraining", "LatentCache",
        "CaptionedImages", "PreparedImages", "LoraBuilderExtensions", "HubBuilderExtensions", "CpuRuntime", "DrawingSource",
        "LatentDiffusionServiceCollectionExtensions", "LatentDiffusionServerServiceCollectionExtensions",
        "LatentDiffusionClientServiceCollectionExtensions", "IImageJobQueue",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Examples_compile()
    {
        FencedBlock[] examples = [.. Sources().SelectMany(XmlExample.Read)];
        string[] wrong = [.. examples.SelectMany(example => compiler.Compile(Snippet.Join([example])[0], _folder["a.dll"]))];
        Assert.True(wrong.Length == 0, $"\n{string.Join('\n', wrong)}");
    }

    [Fact]
    public void Types_that_users_meet_first_have_examples()
    {
        HashSet<string> shown =
            [.. Sources().Where(file => XmlExample.Read(file).Count > 0).Select(file => Path.GetFileNameWithoutExtension(file))];
        Assert.DoesNotContain(s_met, type => !shown.Contains(type));
    }

    [Fact]
    public void Errors_name_the_line_of_the_source()
    {
        FencedBlock example = Assert.Single(XmlExample.Read("src/A.cs",
        [
            "/// <summary>A.</summary>", "/// <example>", "/// <code><![CDATA[", "/// using System.Text;", "///", "/// if (1 < 2) None();",
            "/// ]]></code>", "/// </example>", "public class A;",
        ]));
        string message = Assert.Single(compiler.Compile(Snippet.Join([example])[0], _folder["a.dll"]));
        Assert.StartsWith("src/A.cs:6: CS0103", message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => XmlExample.Read("src/A.cs", ["/// <example>", "/// <code>"]));
    }

    private static IEnumerable<string> Sources() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Repository.Root, file).Replace('\\', '/'))
            .Where(file => !file.Contains("/obj/", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
