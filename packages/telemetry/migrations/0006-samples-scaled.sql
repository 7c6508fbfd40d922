-- Decimals of up to nine digits are stored as whole numbers with the digits behind the point as `scale`: 12.34 is 12340 with
-- 3. As floating point nearly every bit of a decimal differs from the one before; whole numbers change in a few bits. Only
-- where it gives the value back to the last bit; whatever else is stored as it is, with a scale of 0, as older rows are.
-- Written as `given`, read as `value`.
ALTER TABLE samples ADD COLUMN IF NOT EXISTS given Float64 EPHEMERAL;
ALTER TABLE samples ADD COLUMN IF NOT EXISTS scale UInt8
    DEFAULT multiIf(given = trunc(given), 0, round(given * 1e3) / 1e3 = given, 3, round(given * 1e6) / 1e6 = given, 6, round(given * 1e9) / 1e9 = given, 9, 0)
    CODEC(ZSTD(1));
ALTER TABLE samples MODIFY COLUMN stored Float64
    DEFAULT if(scale = 0, given, round(given * transform(scale, [3, 6, 9], [1e3, 1e6, 1e9], 1.)))
    CODEC(Delta, ZSTD(1));
ALTER TABLE samples ADD COLUMN IF NOT EXISTS value Float64
    ALIAS if(scale = 0, stored, stored / transform(scale, [3, 6, 9], [1e3, 1e6, 1e9], 1.));
