using LatentDiffusion.Tests.Prompting;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>An embedding of the rows of a network's own table is encoded bit for bit as the words of those rows.</summary>
public sealed class TextualInversionEncoderTests : IClassFixture<TinyClip>, IDisposable
{
    private readonly TinyClip _clip;
    private readonly ClipTextModel _second;

    public TextualInversionEncoderTests(TinyClip clip)
    {
        _clip = clip;
        _second = (clip.Network.Config with { HiddenSize = 8, ProjectionDim = 6, EosTokenId = 2 }).Build(projection: true);
        FormulaWeights.Fill(_second);
    }

    public void Dispose() => _second.Dispose();

    [Fact]
    public void A_token_is_encoded_as_its_vectors()
    {
        ITextEncoder encoder = Encoder(_clip.Encoder, Embedding("<t>", "red star"), Embedding("one", "bird"));
        Same(_clip.Encoder, ["a red star", "red star bird", "a blue"], encoder, ["a <t>", "<t>one", "a blue"]);
        // Upper and lower case differ, and a token may stand within a word.
        Same(_clip.Encoder, ["a <T>", "a bird s"], encoder, ["a <T>", "a ones"]);
    }

    [Fact]
    public void Weights_and_long_prompts_hold_for_tokens()
    {
        var options = new PromptingOptions();
        ITextEncoder words = _clip.Encoder.WithPrompting(options), first = Encoder(words, Embedding("<t>", "red star"));
        ITextEncoder second = Encoder(_clip.Encoder, Embedding("<t>", "red star")).WithPrompting(options)!;
        foreach (ITextEncoder encoder in new[] { first, second })
        {
            Same(words, ["a (red star:1.6) bird", "[red star]"], encoder, ["a (<t>:1.6) bird", "[<t>]"]);
            Same(words, ["a BREAK red star"], encoder, ["a BREAK <t>"]);
            // Windows of eight tokens: both vectors move to the next window together.
            Same(words, ["a a a a a a a BREAK red star"], encoder, ["a a a a a a a <t>"]);
        }
    }

    [Fact]
    public void Two_towers_take_an_embedding_each()
    {
        var plain = new ClipTextEncoder((_clip.Network, _clip.Tokenizer), (_second, _clip.Tokenizer));
        var embedding = new TextualInversion("<t>", new Dictionary<string, float[,]>
        {
            [TextualInversion.FirstTower] = Rows(_clip.Network, "red star"), [TextualInversion.SecondTower] = Rows(_second, "red star"),
        });
        using Conditioning expected = plain.Encode(["a red star"]), actual = plain.WithTextualInversion(embedding).Encode(["a <t>"]);
        Assert.Equal(Values(expected.HiddenStates), Values(actual.HiddenStates));
        // The pooled text is that of the end token, though added tokens have higher ids.
        Assert.Equal(Values(expected.Pooled!), Values(actual.Pooled!));

        var refiner = new ClipTextEncoder(null, (_second, _clip.Tokenizer));
        using Conditioning late = refiner.Encode(["a red star"]), added = refiner.WithTextualInversion(embedding).Encode(["a <t>"]);
        Assert.Equal(Values(late.Pooled!), Values(added.Pooled!));
    }

    [Fact]
    public void Embeddings_that_do_not_fit_are_refused_by_name()
    {
        var two = new ClipTextEncoder((_clip.Network, _clip.Tokenizer), (_second, _clip.Tokenizer));
        TextualInversion mine = Embedding("<t>", "red star");
        Refused("'<t>' is for one text tower, and the model needs one for clip_l and clip_g", two, mine);
        Refused("width 3, and the text tower takes 12", _clip.Encoder, Of("<t>", new float[1, 3]));
        Refused("9 vectors, and a prompt has room for 8", _clip.Encoder, Of("<t>", new float[9, 12]));
        Refused("Two embeddings have the token '<t>'", _clip.Encoder, mine, mine);
        Refused("Two embeddings have the token '<t>_1'", _clip.Encoder, mine, Of("<t>_1", new float[1, 12]));
        var both = new TextualInversion(
            "<t>", new Dictionary<string, float[,]> { ["clip_l"] = new float[1, 12], ["clip_g"] = new float[1, 8] });
        Refused("clip_l and clip_g, and the model needs one for one text tower", _clip.Encoder, both);

        static void Refused(string why, ITextEncoder encoder, params TextualInversion[] embeddings) =>
            Assert.Contains(why, Assert.Throws<ArgumentException>(() => encoder.WithTextualInversion(embeddings)).Message);
    }

    [Fact]
    public void Embeddings_are_part_of_the_content_key()
    {
        string[] keys =
        [
            _clip.Encoder.ContentKey, Encoder(_clip.Encoder, Embedding("<t>", "red star")).ContentKey,
            Encoder(_clip.Encoder, Embedding("<t>", "red bird")).ContentKey,
            Encoder(_clip.Encoder, Embedding("<u>", "red star")).ContentKey,
        ];
        Assert.Equal(4, keys.Distinct().Count());
    }

    [Fact]
    public void Encoding_with_embeddings_leaves_no_tensor()
    {
        ITextEncoder encoder = Encoder(_clip.Encoder, Embedding("<t>", "red star"));
        using DisposeScope scope = NewDisposeScope();
        int before = scope.DisposablesCount;
        encoder.Encode(["a <t>"]).Dispose();
        Assert.Equal(before, scope.DisposablesCount);
    }

    private static ITextEncoder Encoder(ITextEncoder encoder, params TextualInversion[] embeddings) =>
        encoder.WithTextualInversion(embeddings)!;

    private TextualInversion Embedding(string token, string words) => Of(token, Rows(_clip.Network, words));

    private static TextualInversion Of(string token, float[,] rows) =>
        new(token, new Dictionary<string, float[,]> { [TextualInversion.OnlyTower] = rows });

    /// <summary>Rows of a network's table for the tokens of some words.</summary>
    private float[,] Rows(ClipTextModel network, string words)
    {
        int[] ids = [.. _clip.Tokenizer.Tokenize(words)];
        Tensor table = network.state_dict()["text_model.embeddings.token_embedding.weight"];
        var rows = new float[ids.Length, table.shape[1]];
        foreach ((int row, int id) in ids.Index())
            foreach ((int column, float value) in table[id].data<float>().ToArray().Index())
                rows[row, column] = value;
        return rows;
    }

    private static void Same(ITextEncoder one, string[] words, ITextEncoder other, string[] tokens)
    {
        using Conditioning expected = one.Encode(words), actual = other.Encode(tokens);
        Assert.Equal(Values(expected.HiddenStates), Values(actual.HiddenStates));
    }

    private static float[] Values(Tensor tensor) => [.. tensor.data<float>()];
}
