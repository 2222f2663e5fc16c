namespace LatentDiffusion.AspNetCore;

/// <summary>The name of a model as the rest of a path. It may have slashes, which clients send as they are or escaped.</summary>
internal static class ModelPath
{
    /// <summary>The name. The server decodes all escapes of a path but that of a slash.</summary>
    public static string Name(string path) => path.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
