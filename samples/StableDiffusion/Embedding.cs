namespace StableDiffusion;

/// <summary>A file of learned embeddings and the token that it gets, written <c>FILE</c> or <c>FILE:token</c>.</summary>
internal sealed record Embedding(string File, string? Token)
{
    /// <summary>Text after the last colon is a token, unless the whole is a file.</summary>
    public static Embedding Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && colon < text.Length - 1 && !System.IO.File.Exists(text)
            ? new Embedding(text[..colon], text[(colon + 1)..])
            : new Embedding(text, null);
    }
}
