using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// The conditioning of a denoiser. Owns its tensors. Disposing it while a call or a generation reads it is safe: the
/// tensors are freed when the last of them has ended.
/// </summary>
/// <param name="hiddenStates">One vector a token, [batch, tokens, width].</param>
/// <param name="pooled">One vector a prompt, [batch, width], where the family uses one.</param>
/// <param name="mask">1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</param>
/// <param name="additional">Further tensors by name, each [batch, …], where the family uses some; null for none.</param>
public sealed partial class Conditioning(
    Tensor hiddenStates, Tensor? pooled = null, Tensor? mask = null, IReadOnlyDictionary<string, Tensor>? additional = null) : IDisposable
{
    /// <summary>One vector a token, [batch, tokens, width].</summary>
    public Tensor HiddenStates { get; } = hiddenStates;

    /// <summary>One vector a prompt, [batch, width]; null where the family uses none.</summary>
    public Tensor? Pooled { get; } = pooled;

    /// <summary>1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</summary>
    public Tensor? Mask { get; } = mask;

    /// <summary>
    /// Further tensors by name, each [batch, …]; empty where the family uses none. A denoiser declares those that it reads
    /// (<see cref="DenoiserDescription.AdditionalInputs"/>).
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> Additional { get; } = additional ?? new Dictionary<string, Tensor>();

    /// <summary>Number of prompts.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public long BatchSize
    {
        get
        {
            using IDisposable use = Hold();
            return HiddenStates.shape[0];
        }
    }

    /// <summary>
    /// The conditioning of prompts <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/>, as new tensors.
    /// </summary>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public Conditioning Slice(long start, long count) => Map(t => t.narrow(0, start, count).clone());

    /// <summary>Both batches, one after the other. Both have the same tensors with the same shapes except for the batch.</summary>
    public static Conditioning Concat(Conditioning first, Conditioning second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        using IDisposable ofFirst = first.Hold(), ofSecond = second.Hold();
        foreach (string name in first.Additional.Keys.Concat(second.Additional.Keys))
        {
            if (!first.Additional.ContainsKey(name) || !second.Additional.ContainsKey(name))
                throw new ArgumentException($"One conditioning has {nameof(Additional)}[\"{name}\"] and the other does not.");
        }

        return new Conditioning(
            cat([first.HiddenStates, second.HiddenStates]),
            Join(first.Pooled, second.Pooled, nameof(Pooled)),
            Join(first.Mask, second.Mask, nameof(Mask)),
            first.Additional.ToDictionary(a => a.Key, a => cat([a.Value, second.Additional[a.Key]])));

        static Tensor? Join(Tensor? a, Tensor? b, string name) => (a is null) == (b is null)
            ? a is null ? null : cat([a, b!])
            : throw new ArgumentException($"One conditioning has {name} and the other does not.");
    }

    /// <summary>
    /// Linear interpolation between two prompts, as new tensors: an image between two. <see cref="Additional"/> tensors are the
    /// first's, and tokens are attended to where either prompt's may be.
    /// </summary>
    /// <param name="first">Has the same shapes and parts as <paramref name="second"/>.</param>
    /// <param name="second">The other.</param>
    /// <param name="fraction">Position between the two: 0 is the first and 1 the second.</param>
    /// <exception cref="ArgumentException">Shapes or parts differ, or the fraction is not finite.</exception>
    public static Conditioning Interpolate(Conditioning first, Conditioning second, double fraction)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!double.IsFinite(fraction))
            throw new ArgumentOutOfRangeException(nameof(fraction), fraction, "The fraction must be a finite number.");
        using IDisposable ofFirst = first.Hold(), ofSecond = second.Hold();
        return new Conditioning(
            Both(first.HiddenStates, second.HiddenStates, nameof(HiddenStates), Between)!,
            Both(first.Pooled, second.Pooled, nameof(Pooled), Between),
            Both(first.Mask, second.Mask, nameof(Mask), maximum),
            first.Additional.ToDictionary(a => a.Key, a => a.Value.clone()));

        Tensor Between(Tensor a, Tensor b)
        {
            using Tensor from = a.Multiply(1 - fraction);
            return from.Add(b, fraction);
        }

        static Tensor? Both(Tensor? a, Tensor? b, string name, Func<Tensor, Tensor, Tensor> function) => (a, b) switch
        {
            (null, null) => null,
            ({ } one, { } other) when one.shape.SequenceEqual(other.shape) => function(one, other),
            _ => throw new ArgumentException($"The {name} are of different shapes, or one has none."),
        };
    }

    /// <summary>The same conditioning with a function applied to each tensor.</summary>
    /// <exception cref="ObjectDisposedException">It is disposed.</exception>
    public Conditioning Map(Func<Tensor, Tensor> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        using IDisposable use = Hold();
        return new Conditioning(
            function(HiddenStates),
            Pooled is null ? null : function(Pooled),
            Mask is null ? null : function(Mask),
            Additional.ToDictionary(a => a.Key, a => function(a.Value)));
    }

    /// <summary>
    /// The same conditioning with an <see cref="Additional"/> tensor added or replaced. It shares the tensors: dispose one of the two.
    /// </summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="value">[batch, …].</param>
    public Conditioning With(string name, Tensor value) =>
        new(HiddenStates, Pooled, Mask, new Dictionary<string, Tensor>(Additional) { [name] = value });
}
