using LatentDiffusion.Tests.Reference;

namespace LatentDiffusion.Tests.Prompting;

/// <summary>A text tower of three layers and windows of ten tokens.</summary>
public sealed class TinyClip : IDisposable
{
    private const int Window = 10;

    private static readonly BpeVocabulary s_vocabulary = BpeTrainer.Train(["a red star and a blue bird", "a (red) [star]"], 560);

    public TinyClip()
    {
        FormulaWeights.Fill(Network);
        Encoder = new ClipTextEncoder(Network, Tokenizer);
    }

    public ClipTokenizer Tokenizer { get; } = new(s_vocabulary, Window, "!");

    public ClipTextModel Network { get; } = new(new ClipTextConfig
    {
        VocabSize = s_vocabulary.Tokens.Count, HiddenSize = 12, IntermediateSize = 24, NumHiddenLayers = 3, NumAttentionHeads = 2,
        MaxPositionEmbeddings = Window, EosTokenId = s_vocabulary.Tokens[BpeVocabulary.EndToken],
    });

    public ClipTextEncoder Encoder { get; }

    public void Dispose() => Encoder.Dispose();
}
