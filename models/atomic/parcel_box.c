#include "models/atomic/parcel_box.h"

void parcel_box_append(struct parcel_box *box, const struct pool *parcels, uint32_t handle)
{
    struct parcel *parcel = parcel_at(parcels, handle);
    parcel->before = box->last;
    parcel->after = 0;
    if (box->last)
        parcel_at(parcels, box->last)->after = handle;
    else
        box->first = handle;
    box->last = handle;
}

void parcel_box_remove(struct parcel_box *box, const struct pool *parcels, uint32_t handle)
{
    const struct parcel *parcel = parcel_at(parcels, handle);
    if (parcel->before)
        parcel_at(parcels, parcel->before)->after = parcel->after;
    else
        box->first = parcel->after;
    if (parcel->after)
        parcel_at(parcels, parcel->after)->before = parcel->before;
    else
        box->last = parcel->before;
}
