namespace LatentDiffusion.Tests.Families;

/// <summary>Takes the place of a text encoder where every request has embeddings.</summary>
internal sealed class TextOfRequests(TextShape shape) : ITextEncoder
{
    public int MaxLength => 512;

    public TextShape? Measure(string prompt) => shape;

    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
        throw new InvalidOperationException("The request has no embeddings.");
}
