namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>How a mask is read. The fields have no effect without one.</summary>
internal static class InpaintingFields
{
    private const int DefaultBlur = 4, MostBlur = 256, MostPadding = 4096;

    private static readonly MaskedContent[] s_contents =
        [MaskedContent.Fill, MaskedContent.Original, MaskedContent.LatentNoise, MaskedContent.LatentNothing];

    public static InpaintingOptions Read(FieldReader fields)
    {
        int? blur = fields.Integer("mask_blur", 0, MostBlur);
        int x = fields.Integer("mask_blur_x", 0, MostBlur, blur ?? DefaultBlur)!.Value;
        int y = fields.Integer("mask_blur_y", 0, MostBlur, blur ?? DefaultBlur)!.Value;
        if (x != y) fields.Add("mask_blur_y", $"{y}; expected {x}, as mask_blur_x.");
        int content = fields.Integer("inpainting_fill", 0, s_contents.Length - 1, 0)!.Value;
        bool onlyMasked = fields.Flag("inpaint_full_res", true);
        int padding = fields.Integer("inpaint_full_res_padding", 0, MostPadding, 0)!.Value;
        return new InpaintingOptions
        {
            MaskBlur = blur ?? x, MaskedContent = s_contents[content], MaskPadding = onlyMasked ? padding : null,
            InvertMask = fields.Flag("inpainting_mask_invert", false),
        };
    }
}
