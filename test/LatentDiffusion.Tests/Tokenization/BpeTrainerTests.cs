using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

public sealed class BpeTrainerTests
{
    private static readonly string[] s_captions =
        ["a red star", "a blue star and a red moon", "Stars over a blue sea, it's night", "two stars 🐢"];

    [Fact]
    public void Frequent_words_become_tokens()
    {
        var tokenizer = new ClipTokenizer(BpeTrainer.Train(s_captions, 560));
        Assert.Single(tokenizer.Tokenize("star"));
        Assert.Equal(2, tokenizer.Tokenize("BLUE Stars").Count);
        Assert.Equal(4, tokenizer.Tokenize("🐢🐢").Count / 2);
    }

    [Fact]
    public void The_order_of_captions_does_not_matter()
    {
        BpeVocabulary one = BpeTrainer.Train(s_captions, 560), other = BpeTrainer.Train(s_captions.Reverse(), 560);
        Assert.Equal(one.Merges, other.Merges);
        Assert.Equal(one.Tokens, other.Tokens);
    }

    [Fact]
    public void The_size_is_kept_and_special_tokens_come_last()
    {
        BpeVocabulary vocabulary = BpeTrainer.Train([.. s_captions, .. s_captions], 530);
        Assert.Equal(530, vocabulary.Tokens.Count);
        Assert.Equal(528, vocabulary.Tokens[BpeVocabulary.StartToken]);
        Assert.Equal(529, vocabulary.Tokens[BpeVocabulary.EndToken]);
        Assert.Equal(0, vocabulary.Tokens["!"]);
        Assert.Equal(256, vocabulary.Tokens["!</w>"]);
        Assert.InRange(BpeTrainer.Train(s_captions, 100_000).Tokens.Count, 515, 600);
        Assert.Equal(514, BpeTrainer.Train([], 600).Tokens.Count);
    }

    [Fact]
    public void A_written_vocabulary_round_trips()
    {
        using var folder = new TemporaryFolder();
        BpeVocabulary vocabulary = BpeTrainer.Train(s_captions, 560);
        vocabulary.Save(folder["tokenizer"]);
        BpeVocabulary back = BpeVocabulary.Open(folder["tokenizer"]);
        Assert.Equal(vocabulary.Tokens, back.Tokens);
        Assert.Equal(vocabulary.Merges, back.Merges);
        Assert.Equal(new ClipTokenizer(vocabulary).Encode("a red star").Ids, new ClipTokenizer(back).Encode("a red star").Ids);
    }

    [Fact]
    public void The_published_vocabulary_begins_the_same()
    {
        BpeVocabulary published = BpeVocabulary.Open(SharedData.Require("clip-bpe"));
        Assert.All(BpeTrainer.Train([], 514).Tokens.Take(512), token => Assert.Equal(token.Value, published.Tokens[token.Key]));
    }
}
