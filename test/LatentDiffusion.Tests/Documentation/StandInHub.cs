namespace LatentDiffusion.Tests.Documentation;

/// <summary>The shipped model as the published model of the pages, in the cache of a hub that cannot be reached.</summary>
internal static class StandInHub
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567", Styles = "organisation/styles";

    private static readonly string[] s_models = ["organisation/name", "stable-diffusion-v1-5/stable-diffusion-v1-5"];

    /// <summary>Writes a repository into the cache if a text names one.</summary>
    /// <param name="text">The text.</param>
    /// <param name="hub">Folder of the cache.</param>
    /// <param name="texts">All texts of the snippet.</param>
    /// <param name="shared">Folder of what is made once.</param>
    public static bool TryWrite(string text, string hub, IReadOnlyList<string> texts, string shared)
    {
        if (text != Styles && !s_models.Contains(text)) return false;
        string repository = Path.Combine(hub, $"models--{text.Replace("/", "--")}");
        string snapshot = Path.Combine(repository, "snapshots", Commit);
        if (Directory.Exists(repository)) return true;
        Directory.CreateDirectory(Path.Combine(repository, "refs"));
        File.WriteAllText(Path.Combine(repository, "refs", "main"), Commit);
        if (text != Styles)
        {
            string model = Path.Combine(AppContext.BaseDirectory, "models", "drawings");
            new StandIn(snapshot, texts, shared).Copy("drawings", path => Directory.CreateSymbolicLink(path, model));
        }
        else
        {
            Directory.CreateDirectory(snapshot);
            StandInAdapters.Table["style.safetensors"](new(Path.Combine(snapshot, "watercolour.safetensors"), [], shared));
        }

        return true;
    }
}
