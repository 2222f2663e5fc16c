using System.Text.Json;

namespace LatentDiffusion.Tests;

/// <summary>
/// Numbers computed once with the field's reference implementations: in the folder of the environment variable
/// <c>LATENTDIFFUSION_REFERENCE</c>, or else the copies that these tests carry.
/// </summary>
internal static class ReferenceFigures
{
    /// <summary>Reads one file, for example <c>clip-tokens.json</c>.</summary>
    public static JsonElement Read(string file)
    {
        string folder = Environment.GetEnvironmentVariable("LATENTDIFFUSION_REFERENCE") is { Length: > 0 } named
            ? named
            : Path.Combine(AppContext.BaseDirectory, "Reference");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, file)));
        return document.RootElement.Clone();
    }
}
