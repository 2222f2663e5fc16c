using Xunit;

namespace LatentDiffusion.Tests;

/// <summary>Data for trials, which is not part of the project: looked for in a <c>shared/data</c> folder next to it or above.</summary>
internal static class SharedData
{
    /// <summary>Path of a file or folder under <c>shared/data</c>; skips the test where it is not there.</summary>
    public static string Require(params string[] path)
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine([folder.FullName, "shared", "data", .. path]);
            if (Path.Exists(candidate)) return candidate;
        }

        Assert.Skip($"shared/data/{string.Join('/', path)} is not there.");
        return "";
    }
}
