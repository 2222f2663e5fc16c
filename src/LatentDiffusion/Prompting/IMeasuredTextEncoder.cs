namespace LatentDiffusion;

/// <summary>A text encoder that knows the shape of what it gives without evaluating its networks.</summary>
internal interface IMeasuredTextEncoder : ITextEncoder
{
    /// <summary>The shape of a prompt that is encoded alone; of the empty one, that of no prompt too.</summary>
    TextShape Measure(string prompt);
}
