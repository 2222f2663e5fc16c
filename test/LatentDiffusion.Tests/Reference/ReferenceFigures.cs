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
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Reference.ReferenceFolder.PathOf(file)));
        return document.RootElement.Clone();
    }
}
