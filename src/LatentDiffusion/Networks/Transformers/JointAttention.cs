using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Attention of all tokens to each other, where image and text have projections for themselves (Esser et al. 2024, section 4), or over one
/// stream of tokens. In the joint order the text comes first.
/// </summary>
internal sealed class JointAttention : LayerGroup
{
    [ComponentName(Name = "to_q")] private readonly LinearLayer _query;
    [ComponentName(Name = "to_k")] private readonly LinearLayer _key;
    [ComponentName(Name = "to_v")] private readonly LinearLayer _value;
    [ComponentName(Name = "norm_q")] private readonly RmsNormLayer? _queryNorm;
    [ComponentName(Name = "norm_k")] private readonly RmsNormLayer? _keyNorm;
    [ComponentName(Name = "to_out")] private readonly LayerList<LinearLayer>? _out;
    [ComponentName(Name = "add_q_proj")] private readonly LinearLayer? _textQuery;
    [ComponentName(Name = "add_k_proj")] private readonly LinearLayer? _textKey;
    [ComponentName(Name = "add_v_proj")] private readonly LinearLayer? _textValue;
    [ComponentName(Name = "norm_added_q")] private readonly RmsNormLayer? _textQueryNorm;
    [ComponentName(Name = "norm_added_k")] private readonly RmsNormLayer? _textKeyNorm;
    [ComponentName(Name = "to_add_out")] private readonly LinearLayer? _textOut;
    private readonly JointAttentionOptions _options;

    public JointAttention(LayerFactory layers, JointAttentionOptions options) : base(nameof(JointAttention))
    {
        _options = options;
        long width = options.Width, inner = (long)options.Heads * options.HeadWidth;
        (_query, _key, _value) = (In(), In(), In());
        (_queryNorm, _keyNorm) = (Norm(), Norm());
        if (options.HasOutput) _out = new LayerList<LinearLayer>(Out());
        if (options.HasText)
        {
            (_textQuery, _textKey, _textValue) = (In(), In(), In());
            (_textQueryNorm, _textKeyNorm) = (Norm(), Norm());
            if (options.HasTextOutput) _textOut = Out();
        }

        RegisterComponents();

        LinearLayer In() => layers.Linear(width, inner, options.Bias);

        LinearLayer Out() => layers.Linear(inner, width, options.Bias);

        RmsNormLayer? Norm() => options.NormalizesQueriesAndKeys ? layers.RmsNorm(options.HeadWidth, options.Eps) : null;
    }

    /// <summary>Attention over one stream.</summary>
    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="rotations">Rotations of the tokens (<see cref="RotaryEmbedding"/>); null for none.</param>
    /// <param name="bias">Added to the logits, broadcast over [batch, heads, tokens, tokens]; null for none.</param>
    /// <returns>[batch, tokens, width]; without an output projection [batch, tokens, heads·head width].</returns>
    public Tensor Attend(Tensor tokens, Tensor? rotations = null, Tensor? bias = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor attended = Attended(ImageHeads(tokens), rotations, bias);
        return (_out is null ? attended : _out[0].call(attended)).MoveToOuterDisposeScope();
    }

    /// <summary>Attention over two streams.</summary>
    /// <param name="image">[batch, image tokens, width].</param>
    /// <param name="text">[batch, text tokens, width].</param>
    /// <param name="rotations">Rotations of the text's tokens and then the image's; null for none.</param>
    /// <param name="bias">Added to the logits, broadcast over [batch, heads, tokens, tokens] in the joint order; null for none.</param>
    /// <returns>The attended streams, of the same shapes. The text is null where it has no output projection.</returns>
    public (Tensor Image, Tensor? Text) Attend(Tensor image, Tensor text, Tensor? rotations = null, Tensor? bias = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] joint = [.. TextHeads(text).Zip(ImageHeads(image), (first, second) => cat([first, second], 1))];
        Tensor attended = Attended(joint, rotations, bias);
        long tokens = text.shape[1];
        Tensor ofImage = attended.narrow(1, tokens, image.shape[1]);
        return (
            (_out is null ? ofImage : _out[0].call(ofImage)).MoveToOuterDisposeScope(),
            _textOut?.call(attended.narrow(1, 0, tokens)).MoveToOuterDisposeScope());
    }

    /// <summary>Queries, keys and values, each [batch, tokens, heads, head width].</summary>
    private Tensor[] ImageHeads(Tensor tokens) =>
        [Heads(_query.call(tokens), _queryNorm), Heads(_key.call(tokens), _keyNorm), Heads(_value.call(tokens), norm: null)];

    private Tensor[] TextHeads(Tensor tokens) =>
    [
        Heads(_textQuery!.call(tokens), _textQueryNorm), Heads(_textKey!.call(tokens), _textKeyNorm),
        Heads(_textValue!.call(tokens), norm: null),
    ];

    private Tensor Heads(Tensor projected, RmsNormLayer? norm)
    {
        Tensor heads = projected.reshape(projected.shape[0], projected.shape[1], _options.Heads, _options.HeadWidth);
        return norm is null ? heads : norm.call(heads);
    }

    private static Tensor Attended(Tensor[] heads, Tensor? rotations, Tensor? bias)
    {
        (Tensor query, Tensor key) = rotations is null
            ? (heads[0], heads[1])
            : (RotaryEmbedding.Rotate(heads[0], rotations), RotaryEmbedding.Rotate(heads[1], rotations));
        return AttentionHeads.Attend(query.flatten(2), key.flatten(2), heads[2].flatten(2), (int)query.shape[2], bias);
    }
}
