namespace LatentDiffusion.Tests.Reference;

/// <summary>Where reference figures are: the folder named by the environment, or the copy next to the tests.</summary>
public static class ReferenceFolder
{
    private static readonly string s_copy = System.IO.Path.Combine(AppContext.BaseDirectory, "Reference");

    public static string Path { get; } = Environment.GetEnvironmentVariable("LATENTDIFFUSION_REFERENCE") is { Length: > 0 } folder
        ? folder
        : s_copy;

    /// <summary>A file of the folder; the copy where the folder lacks it, because these tests carry some figures of their own.</summary>
    public static string PathOf(string name)
    {
        string path = System.IO.Path.Combine(Path, name);
        return File.Exists(path) ? path : System.IO.Path.Combine(s_copy, name);
    }
}
