namespace LatentDiffusion.Tokenization;

/// <summary>A part of a text on its way to the model.</summary>
/// <param name="Text">The part.</param>
/// <param name="IsStart">Whether the whole text begins with it.</param>
internal readonly record struct TextPiece(string Text, bool IsStart);
