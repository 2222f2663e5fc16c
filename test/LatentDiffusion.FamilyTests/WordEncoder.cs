using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.FamilyTests;

/// <summary>Eight words of a prompt, each by the sum of its letters.</summary>
internal sealed class WordEncoder : nn.Module<Tensor, Tensor>, ITextEncoder
{
    private readonly Embedding words;

    public WordEncoder(TokenConfig config) : base(nameof(WordEncoder))
    {
        (Config, words) = (config, nn.Embedding(256, config.Width));
        RegisterComponents();
    }

    public TokenConfig Config { get; }

    public int MaxLength => 8;

    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        using IDisposable noGradient = no_grad();
        IEnumerable<long> Ids(string prompt) => prompt.Split(' ').Select(word => word.Sum(letter => (long)letter) % 256);
        long[] ids = [.. prompts.SelectMany(prompt => Ids(prompt).Concat(Enumerable.Repeat(0L, MaxLength)).Take(MaxLength))];
        using Tensor rows = tensor(ids, [prompts.Count, MaxLength]);
        return new Conditioning(call(rows));
    }

    public override Tensor forward(Tensor ids) => words.call(ids);
}
