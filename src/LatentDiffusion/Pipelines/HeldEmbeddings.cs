namespace LatentDiffusion;

/// <summary>Keeps the embeddings that requests bring, which their owner may dispose at any time.</summary>
internal sealed class HeldEmbeddings : IDisposable
{
    private readonly Stack<IDisposable> _uses = [];

    /// <param name="requests">The requests.</param>
    /// <exception cref="ObjectDisposedException">One of the embeddings is disposed.</exception>
    public HeldEmbeddings(params IReadOnlyList<GenerationRequest> requests)
    {
        try
        {
            foreach (GenerationRequest request in requests)
            {
                if (request.PromptEmbeds is { } prompt) _uses.Push(prompt.Hold());
                if (request.NegativePromptEmbeds is { } negative) _uses.Push(negative.Hold());
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        while (_uses.TryPop(out IDisposable? use)) use.Dispose();
    }
}
